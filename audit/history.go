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

// OfNonAssociation is everything that happened to one non-association, in the
// streams of the pairs it has been with: one, or after a renumbering several.
// Without any fact the history is empty. Errors are those of the log.
func (r *Reader) OfNonAssociation(ctx context.Context, streams []string, id uuid.UUID) (History, error) {
	all, err := r.remembered(ctx, streams)
	if err != nil {
		return History{}, err
	}
	return inOrder(slices.DeleteFunc(all, func(m memory) bool { return m.NonAssociationID != id })), nil
}

// OfPrisoner is everything that happened to the prisoner's non-associations,
// also while one of them stood under another number. Streams that do not
// concern the prisoner may be among those given: what they say is left out.
func (r *Reader) OfPrisoner(ctx context.Context, streams []string, number domain.PrisonerNumber) (History, error) {
	all, err := r.remembered(ctx, streams)
	if err != nil {
		return History{}, err
	}
	theirs := map[uuid.UUID]bool{}
	for _, m := range all {
		theirs[m.NonAssociationID] = theirs[m.NonAssociationID] || m.pair.Has(number)
	}
	return inOrder(slices.DeleteFunc(all, func(m memory) bool { return !theirs[m.NonAssociationID] })), nil
}

// memory is an entry with what it takes to put it in order.
type memory struct {
	Entry

	pair       domain.Pair
	position   eventstore.Position
	recordedAt time.Time
}

func (r *Reader) remembered(ctx context.Context, streams []string) ([]memory, error) {
	var all []memory
	streams = slices.Compact(slices.Sorted(slices.Values(streams)))
	err := r.each(ctx, streams, func(before domain.State, f placed) domain.State {
		entry, after := step(r.options.London, before, f)
		all = append(all, memory{entry, f.pair, f.position, f.recordedAt})
		return after
	})
	return all, err
}

// inOrder puts the oldest first. A store that sends no position with a stream
// sends none at all; its clock is the next best.
func inOrder(all []memory) History {
	blind := slices.ContainsFunc(all, func(m memory) bool { return m.Position == nil })
	slices.SortStableFunc(all, func(a, b memory) int {
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
