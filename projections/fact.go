package projections

import (
	"fmt"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// fact is a fact with its place in the log.
type fact struct {
	domain.Fact
	pair     domain.Pair
	revision uint64
	position eventstore.Position
}

// decoder reads facts of the log. Every stream below the prefix is of a pair:
// one that is not stops the line.
type decoder struct{ catalogue domain.Catalogue }

func (d decoder) decode(recorded eventstore.Recorded) (*fact, error) {
	pair, err := domain.ParseStream(recorded.Stream)
	if err != nil {
		return nil, err
	}
	f, err := eventstore.Decode(d.catalogue, recorded)
	if err != nil {
		return nil, err
	}
	if recorded.Position.Commit == 0 {
		return nil, fmt.Errorf("event %s has no position", recorded.ID)
	}
	f.Meta.Command = nil // the read model has no use for it, and batches are large
	return &fact{Fact: f, pair: pair, revision: recorded.Revision, position: recorded.Position}, nil
}

func (f *fact) event() event { return event{f.ID, f.pair.Stream(), f.revision} }
