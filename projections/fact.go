package projections

import (
	"fmt"
	"time"

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

// folded is the metadata that folding looks at. To read no more of it makes a
// replay a tenth faster; that it is enough, the states in the tables show.
type folded struct {
	Actor     string        `json:"actor"`
	Source    domain.Source `json:"source"`
	DecidedAt time.Time     `json:"decidedAt"`
}

// decoder reads facts of the log. Every stream below the prefix is of a pair:
// one that is not stops the line.
type decoder struct{ catalogue domain.Catalogue }

func (d decoder) decode(recorded eventstore.Recorded) (*fact, error) {
	pair, err := domain.ParseStream(recorded.Stream)
	if err != nil {
		return nil, err
	}
	event, meta, err := eventstore.DecodeWith[folded](d.catalogue, recorded)
	if err != nil {
		return nil, err
	}
	if recorded.Position.Commit == 0 {
		return nil, fmt.Errorf("event %s has no position", recorded.ID)
	}
	f := domain.Fact{ID: recorded.ID, Event: event, Meta: domain.Meta{
		Cause: domain.Cause{Actor: meta.Actor, Source: meta.Source}, DecidedAt: meta.DecidedAt,
	}}
	return &fact{Fact: f, pair: pair, revision: recorded.Revision, position: recorded.Position}, nil
}

func (f *fact) event() event { return event{f.ID, f.pair.Stream(), f.revision} }
