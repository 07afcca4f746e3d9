package merge

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// returnRoute is where records of a trace are now, and the number that they have
// there in place of the removed one.
type returnRoute struct {
	at     domain.Pair
	number domain.PrisonerNumber
	ids    []uuid.UUID
}

// choose leaves a deleted one where it is, unless it is in the other pair too.
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

// returnRoutes groups the records of a trace by where they are now.
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

// locateRecord finds where a record is now, also when later merges took it
// further, and the number that it has there in place of the removed one. False:
// nothing is to be brought back, since a later word has put it where it is; or an
// earlier merge was taken back, and it with it, to a number that it had before
// this one. The streams are those that were loaded so far.
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
		next, is := outgoingTransferOf(here.state(), id)
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
	return at, "", false, nil // it came back another way
}

// leftByUndo reports whether it was an undoing that made a record leave last.
func (s *stream) leftByUndo(id uuid.UUID) bool {
	for _, fact := range slices.Backward(s.facts) {
		if e, is := fact.Event.(domain.TransferredOut); is && e.NonAssociationID == id {
			return fact.Meta.CommandID == unmergeCommandID(fact.Meta.CausationID)
		}
	}
	return false
}

func outgoingTransferOf(s domain.State, id uuid.UUID) (domain.OutgoingTransfer, bool) {
	for _, d := range s.TransferredOut {
		if d.ID == id {
			return d, true
		}
	}
	return domain.OutgoingTransfer{}, false
}
