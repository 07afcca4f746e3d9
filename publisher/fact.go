package publisher

import (
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/consumer/status"
)

// fact is an event as the log holds it and as this build decodes it.
type fact struct {
	recorded eventstore.RecordedEvent
	fact     domain.Fact
	pair     domain.Pair // zero when the fact is of a prisoner number or the switch-over
	// err is why this build cannot decode the fact. The fact is then poison, and
	// everything before it is published first.
	err error
}

// poison returns the error that ends a session at this fact. The consumer reports
// it in consumer.status with type, stream and revision, and an operator needs no
// log to find the fact.
func (f fact) poison(err error, as status.Kind) error {
	return &consumer.Poison{
		EventID: f.recorded.ID, Type: f.recorded.Type, Stream: f.recorded.Stream,
		Revision: f.recorded.Revision, Position: f.recorded.Position, As: as, Err: err,
	}
}
