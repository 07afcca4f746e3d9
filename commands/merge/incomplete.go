package merge

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// incompleteTransfer is a transfer whose first append succeeded and whose second did
// not: the records exist under both pairs. The next merge or unmerge of either pair
// must complete it first. Otherwise it would move one copy and leave the other behind,
// where no message looks for it.
type incompleteTransfer struct {
	domain.Renumbering
	via      []domain.PrisonerNumber
	by       domain.Cause // of the message that appended to the target pair
	from, to domain.Pair
	ids      []uuid.UUID
}

// incompleteTransferOf returns the transfer that an arrival began.
func incompleteTransferOf(fact domain.Fact, e domain.TransferredIn) incompleteTransfer {
	return incompleteTransfer{e.Renumbering, e.Via, fact.Meta.Cause, e.From, e.To, []uuid.UUID{e.NonAssociationID}}
}

// complete appends the missing TransferredOut of each transfer, under the cause of the
// message that began it, so that the event ids are the same.
func (p *Process) complete(ctx context.Context, transfers []incompleteTransfer) error {
	for _, t := range transfers {
		p.Logger.InfoContext(ctx, "completing an interrupted transfer", "message", t.by.CommandID, "from", t.from.Stream(), "to", t.to.Stream())
		_, err := p.transfer(ctx, transfer{
			Renumbering: t.Renumbering, via: t.via, by: t.by, from: t.from, to: t.to, choose: t.stillInBoth,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// stillInBoth returns the records of the transfer that both streams have.
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

// incompleteTransfers are incomplete transfers in the order of their first fact. The
// records of one message between the same pairs share an entry.
type incompleteTransfers []incompleteTransfer

// with adds a transfer, to the entry of the same message and pairs if there is one.
func (all incompleteTransfers) with(t incompleteTransfer) incompleteTransfers {
	i := slices.IndexFunc(all, func(h incompleteTransfer) bool {
		return h.by.CommandID == t.by.CommandID && h.from == t.from && h.to == t.to
	})
	if i < 0 {
		return append(all, t)
	}
	all[i].ids = append(all[i].ids, t.ids...)
	return all
}

// without removes a record from the entries for which a condition holds, and drops
// empty entries.
func (all incompleteTransfers) without(id uuid.UUID, is func(incompleteTransfer) bool) incompleteTransfers {
	for i := range all {
		if is(all[i]) {
			all[i].ids = slices.DeleteFunc(all[i].ids, func(o uuid.UUID) bool { return o == id })
		}
	}
	return slices.DeleteFunc(all, func(h incompleteTransfer) bool { return len(h.ids) == 0 })
}

// after returns the incomplete transfers after one more fact. Facts must come in the
// order of the log.
func (all incompleteTransfers) after(fact domain.Fact) incompleteTransfers {
	switch e := fact.Event.(type) {
	case domain.TransferredOut:
		return all.without(e.NonAssociationID, func(h incompleteTransfer) bool { return h.from == e.From || h.to == e.From })
	case domain.TransferredIn: // a completed half, or the way back
		return all.without(e.NonAssociationID, func(h incompleteTransfer) bool {
			return h.to == e.To && h.from == e.From || h.to == e.From && h.from == e.To
		}).with(incompleteTransferOf(fact, e))
	default:
		return all
	}
}

// completeAt completes the incomplete transfers of other messages that have arrived at
// one of these pairs.
func (p *Process) completeAt(ctx context.Context, by domain.Cause, pairs []domain.Pair) error {
	for chunk := range slices.Chunk(pairs, maxLoadedPairs) {
		streams, err := p.loadWithRetry(ctx, chunk...)
		if err != nil {
			return err
		}
		for _, to := range streams {
			t, err := p.incompleteAt(ctx, to, by.CommandID)
			if err != nil {
				return err
			}
			if err := p.complete(ctx, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// incompleteAt returns the incomplete transfers of other commands that have arrived in
// a stream. A transfer that returns from this stream to its source counts as well.
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
		if t, is := incompleteBetween(from, to, n.ID); is && t.by.CommandID != command {
			all = all.with(t)
		}
	}
	return all, nil
}

// incompleteBetween returns the incomplete transfer of a record between two streams. It
// returns false when the first stream does not have the record any more.
func incompleteBetween(from, to *stream, id uuid.UUID) (incompleteTransfer, bool) {
	there, both := from.find(id)
	if !both {
		return incompleteTransfer{}, false
	}
	at, t := to.arrival(id)
	if there.TransferredFrom != nil && there.TransferredFrom.Pair == to.pair && there.TransferredFrom.Revision >= at {
		_, t = from.arrival(id) // an unmerge was interrupted
	}
	return t, true
}

// arrival returns the last arrival of a record in the stream and its revision. Both are
// zero when the record never arrived.
func (s *stream) arrival(id uuid.UUID) (at uint64, t incompleteTransfer) {
	for i, fact := range slices.Backward(s.facts) {
		if e, is := fact.Event.(domain.TransferredIn); is && e.NonAssociationID == id {
			return uint64(i), incompleteTransferOf(fact, e) //nolint:gosec // an index
		}
	}
	return 0, incompleteTransfer{}
}
