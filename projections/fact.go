package projections

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// fact is a fact with its place in the log.
type fact struct {
	domain.Fact
	stream   string
	pair     domain.Pair // zero when the fact is of a prisoner number
	revision uint64
	position eventstore.Position
}

// folded is the metadata that folding looks at. To read no more of it makes a
// replay a tenth faster; that it is enough, the states in the tables show.
type folded struct {
	CommandID uuid.UUID     `json:"commandId"`
	Actor     string        `json:"actor"`
	Source    domain.Source `json:"source"`
	DecidedAt time.Time     `json:"decidedAt"`
}

// decoder reads facts of the log. Every stream of ours is of a pair or of a
// prisoner number: one that is not stops the projection.
type decoder struct{ catalogue domain.Catalogue }

func (d decoder) decode(recorded eventstore.Recorded) (*fact, error) {
	var pair domain.Pair
	if _, err := domain.ParsePrisonerStream(recorded.Stream); err != nil {
		if pair, err = domain.ParseStream(recorded.Stream); err != nil {
			return nil, err
		}
	}
	event, meta, err := eventstore.DecodeWith[folded](d.catalogue, recorded)
	if err != nil {
		return nil, err
	}
	if recorded.Position.Commit == 0 {
		return nil, fmt.Errorf("event %s has no position", recorded.ID)
	}
	f := domain.Fact{ID: recorded.ID, Event: event, Meta: domain.Meta{
		Cause: domain.Cause{CommandID: meta.CommandID, Actor: meta.Actor, Source: meta.Source}, DecidedAt: meta.DecidedAt,
	}}
	return &fact{Fact: f, stream: recorded.Stream, pair: pair, revision: recorded.Revision, position: recorded.Position}, nil
}

func (f *fact) event() event { return event{f.ID, f.stream, f.revision} }

// ofNumber reports whether the fact is of a prisoner number, not of a pair.
func (f *fact) ofNumber() bool { return f.pair == domain.Pair{} }
