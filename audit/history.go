package audit

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// History is the answer about one non-association or one prisoner.
type History struct {
	Entries []Entry `json:"entries"` // oldest first, never null
}

// OfNonAssociation is everything that happened to one non-association. The
// streams are those of a pair it has been with; where it moved from or to is
// followed. Without any fact the history is empty. Errors are those of the log.
func (r *Reader) OfNonAssociation(ctx context.Context, streams []string, id uuid.UUID) (History, error) {
	return r.history(ctx, streams, func(f recordedFact) bool { return f.Event.Concerns() == id })
}

// OfPrisoner is everything that happened to the prisoner's non-associations,
// also before and after one of them stood under this number, and the merges of
// the number. The streams are those of pairs and of prisoner numbers; what is
// not the prisoner's among them is left out.
func (r *Reader) OfPrisoner(ctx context.Context, streams []string, number domain.PrisonerNumber) (History, error) {
	theirs, err := ofPrisoner(streams, number)
	if err != nil {
		return History{}, err
	}
	return r.history(ctx, theirs, concerningPrisoner(number))
}

// pairHistory is an entry with what it takes to put it in order.
type pairHistory struct {
	Entry

	position   eventstore.Position
	recordedAt time.Time
}

func (r *Reader) history(ctx context.Context, streams []string, concerns func(recordedFact) bool) (History, error) {
	var all []pairHistory
	err := r.each(ctx, streams, concerns, func(pair *eventstore.Folding, f recordedFact) error {
		entry, err := step(r.options.London, pair, f)
		if err == nil && concerns(f) {
			all = append(all, pairHistory{entry, f.Position, f.RecordedAt})
		}
		return err
	})
	return inOrder(all), err
}

// inOrder puts the oldest first. A store that sends no position with a stream
// sends none at all; its clock is the next best.
func inOrder(all []pairHistory) History {
	blind := slices.ContainsFunc(all, func(m pairHistory) bool { return m.Position == nil })
	slices.SortStableFunc(all, func(a, b pairHistory) int {
		if blind {
			return a.recordedAt.Compare(b.recordedAt)
		}
		return cmp.Or(a.position.Compare(b.position), cmp.Compare(a.Revision, b.Revision))
	})
	history := History{Entries: make([]Entry, len(all))}
	for i, m := range all {
		history.Entries[i] = m.Entry
	}
	return history
}
