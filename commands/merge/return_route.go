package merge

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// returnRoute is a group of records that an unmerge takes back from the same pair.
// number is the one that the records have there in place of the removed number.
type returnRoute struct {
	at     domain.Pair
	number domain.PrisonerNumber
	ids    []uuid.UUID
}

// choose returns the records that are still there. A deleted record stays where it is,
// unless the target pair has it too: then the transfer must be completed.
func (w *returnRoute) choose(from, to *stream) []domain.NonAssociation {
	var going []domain.NonAssociation
	for _, id := range w.ids {
		n, here := from.find(id)
		_, there := to.find(id)
		if here && (!n.Deleted || there) {
			going = append(going, n)
		}
	}
	return going
}

// returnRoutes groups the records that arrived by an effect by the pair where they are
// now.
func (u *undoing) returnRoutes(ctx context.Context, t mergeEffect) (ways []*returnRoute, err error) {
	streams := map[domain.Pair]*stream{}
	for _, a := range t.arrived {
		at, number, there, err := u.locateRecord(ctx, t, a.id, streams)
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		i := slices.IndexFunc(ways, func(w *returnRoute) bool { return w.at == at && w.number == number })
		if i < 0 {
			i, ways = len(ways), append(ways, &returnRoute{at: at, number: number})
		}
		ways[i].ids = append(ways[i].ids, a.id)
	}
	return ways, nil
}

// locateRecord returns the pair where a record is now, following later merges, and the
// number that it has there in place of the removed one. It returns false when the
// record is not to be taken back. That is so when a later command has put it where it
// is, or when the unmerge of an earlier merge already returned it to a number before
// this one. Loaded streams are added to the given map.
func (u *undoing) locateRecord(
	ctx context.Context, t mergeEffect, id uuid.UUID, streams map[domain.Pair]*stream,
) (at domain.Pair, number domain.PrisonerNumber, there bool, err error) {
	at, numbers := t.to, slices.Clone(t.laterNumbers)
	for at != t.from {
		here, loaded := streams[at]
		if !loaded {
			some, err := u.loadWithRetry(ctx, at)
			if err != nil {
				return at, "", false, err
			}
			here = some[0]
			streams[at] = here
		}
		number = numbers[len(numbers)-1]
		if here.removedBy(u.by.CommandID)[id] {
			return at, "", false, nil
		}
		if _, is := here.find(id); is {
			return at, number, true, nil
		}
		next, is := here.state().OutgoingTransferOf(id)
		if !is {
			return at, "", false, nil
		}
		if next.Previous == number {
			if here.leftByUndo(id) && !slices.Contains(numbers, next.Number) {
				return at, "", false, nil
			}
			numbers = append(append(numbers, next.Via...), next.Number)
		}
		at = next.To
	}
	// The path led back to the pair of the removed number: the record has returned.
	return at, "", false, nil
}

// leftByUndo reports whether the last departure of a record was caused by an unmerge.
func (s *stream) leftByUndo(id uuid.UUID) bool {
	for _, fact := range slices.Backward(s.facts) {
		if e, is := fact.Event.(domain.TransferredOut); is && e.NonAssociationID == id {
			return fact.Meta.CommandID == unmergeCommandID(fact.Meta.CausationID)
		}
	}
	return false
}
