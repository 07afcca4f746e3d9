package merge

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// incompleteTransfer is a move that was cut off: records have arrived and not left yet, so
// that two pairs have them. Whatever moves them next completes that first: else
// one of the two would be left behind where no message looks for it.
type incompleteTransfer struct {
	domain.Renumbering
	via      []domain.PrisonerNumber
	by       domain.Cause // of the message that did the first half
	from, to domain.Pair
	ids      []uuid.UUID
}

func incompleteTransferOf(fact domain.Fact, e domain.TransferredIn) incompleteTransfer {
	return incompleteTransfer{e.Renumbering, e.Via, fact.Meta.Cause, e.From, e.To, []uuid.UUID{e.NonAssociationID}}
}

// complete does the second halves, in the name of the messages that did the
// first.
func (p *Process) complete(ctx context.Context, halves []incompleteTransfer) error {
	for _, cut := range halves {
		p.Logger.InfoContext(ctx, "complete a move that was cut off", "message", cut.by.CommandID, "from", cut.from.Stream(), "to", cut.to.Stream())
		_, err := p.transfer(ctx, transfer{
			Renumbering: cut.Renumbering, via: cut.via, by: cut.by, from: cut.from, to: cut.to, choose: cut.stillInBoth,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// stillInBoth are its records that are in both pairs still.
func (h incompleteTransfer) stillInBoth(from, to *stream) []domain.NonAssociation {
	var both []domain.NonAssociation
	for _, id := range h.ids {
		n, here := from.find(id)
		if _, there := to.arrivedFrom(from.pair, id); here && there {
			both = append(both, n)
		}
	}
	return both
}

// incompleteTransfers are those of a log, in the order of their first fact; records of one
// message between the same pairs stand together.
type incompleteTransfers []incompleteTransfer

func (all incompleteTransfers) with(cut incompleteTransfer) incompleteTransfers {
	i := slices.IndexFunc(all, func(h incompleteTransfer) bool {
		return h.by.CommandID == cut.by.CommandID && h.from == cut.from && h.to == cut.to
	})
	if i < 0 {
		return append(all, cut)
	}
	all[i].ids = append(all[i].ids, cut.ids...)
	return all
}

// without takes one record out of the halves that a condition names.
func (all incompleteTransfers) without(id uuid.UUID, is func(incompleteTransfer) bool) incompleteTransfers {
	for i := range all {
		if is(all[i]) {
			all[i].ids = slices.DeleteFunc(all[i].ids, func(o uuid.UUID) bool { return o == id })
		}
	}
	return slices.DeleteFunc(all, func(h incompleteTransfer) bool { return len(h.ids) == 0 })
}

// after are the halves after one more fact, in the order of the log.
func (all incompleteTransfers) after(fact domain.Fact) incompleteTransfers {
	switch e := fact.Event.(type) {
	case domain.TransferredOut:
		return all.without(e.NonAssociationID, func(h incompleteTransfer) bool { return h.from == e.From || h.to == e.From })
	case domain.TransferredIn: // it goes on there, or back
		return all.without(e.NonAssociationID, func(h incompleteTransfer) bool {
			return h.to == e.To && h.from == e.From || h.to == e.From && h.from == e.To
		}).with(incompleteTransferOf(fact, e))
	default:
		return all
	}
}

// completeAt completes what other messages have brought to these pairs and not
// taken from where it was.
func (p *Process) completeAt(ctx context.Context, by domain.Cause, pairs []domain.Pair) error {
	for chunk := range slices.Chunk(pairs, maxLoadedPairs) {
		streams, err := p.loadWithRetry(ctx, chunk...)
		if err != nil {
			return err
		}
		for _, to := range streams {
			cut, err := p.incompleteAt(ctx, to, by.CommandID)
			if err != nil {
				return err
			}
			if err := p.complete(ctx, cut); err != nil {
				return err
			}
		}
	}
	return nil
}

// incompleteAt are the halves of other commands that have arrived in a stream, or go
// back from it to where they came from.
func (p *Process) incompleteAt(ctx context.Context, to *stream, command uuid.UUID) (all incompleteTransfers, err error) {
	sources := map[domain.Pair]*stream{}
	for _, n := range to.state().Items {
		if n.TransferredFrom == nil || n.TransferredFrom.Pair == to.pair {
			continue
		}
		from, loaded := sources[n.TransferredFrom.Pair]
		if !loaded {
			streams, err := p.loadWithRetry(ctx, n.TransferredFrom.Pair)
			if err != nil {
				return nil, err
			}
			from = streams[0]
			sources[n.TransferredFrom.Pair] = from
		}
		if cut, is := incompleteBetween(from, to, n.ID); is && cut.by.CommandID != command {
			all = all.with(cut)
		}
	}
	return all, nil
}

// incompleteBetween is the half of a record that arrived from one stream in the other;
// false when the first does not have it any more.
func incompleteBetween(from, to *stream, id uuid.UUID) (incompleteTransfer, bool) {
	there, both := from.find(id)
	if !both {
		return incompleteTransfer{}, false
	}
	at, cut := to.arrival(id)
	if there.TransferredFrom != nil && there.TransferredFrom.Pair == to.pair && there.TransferredFrom.Revision >= at {
		_, cut = from.arrival(id) // an undoing was cut off on its way back
	}
	return cut, true
}

// arrival is the last one of a non-association, and its revision.
func (s *stream) arrival(id uuid.UUID) (at uint64, cut incompleteTransfer) {
	for i, fact := range slices.Backward(s.facts) {
		if e, is := fact.Event.(domain.TransferredIn); is && e.NonAssociationID == id {
			return uint64(i), incompleteTransferOf(fact, e) //nolint:gosec // an index
		}
	}
	return 0, incompleteTransfer{}
}
