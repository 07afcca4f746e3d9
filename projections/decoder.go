package projections

import (
	"fmt"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// fact is a fact with its place; of its metadata it has what folding looks at.
// That this is enough, the states in the tables show.
type fact = eventstore.Fact

// decoder reads facts of the log. Every stream of ours is of a pair or of a
// prisoner number: one that is not stops the projection.
type decoder struct{ catalogue domain.Catalogue }

func (d decoder) decode(recorded eventstore.RecordedEvent) (*fact, error) {
	f, err := eventstore.ReadFolded(d.catalogue, recorded)
	if err != nil {
		return nil, err
	}
	if recorded.Position.Commit == 0 {
		return nil, fmt.Errorf("event %s has no position", recorded.ID)
	}
	return &f, nil
}

func eventOf(f *fact) event { return event{f.ID, f.Stream, f.Revision} }
