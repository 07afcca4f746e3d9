package commands

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// replayAnswer answers a repeat from what is stored: from the revision that the first
// answer was read from, or from the facts that a lost attempt has left. False:
// nothing is, and the command goes on as a first attempt.
func (h *Handler) replayAnswer(ctx context.Context, by domain.Cause, act StaffCommand, claim Reservation) (Receipt, bool, error) {
	if claim.New {
		return Receipt{}, false, nil
	}
	if a := claim.Stored; a != nil {
		streams, err := h.loadWithRetry(ctx, a.Pair)
		if err != nil {
			return Receipt{}, false, err
		}
		receipt, there := streams[0].receipt(subject(act, streams[0], by.CommandID), a.Revision)
		receipt.Position, receipt.At = positionOf(a.Position), a.At
		return receipt, there, nil
	}
	receipt, there, err := h.findOwnFacts(ctx, by, act)
	if err != nil || !there {
		return Receipt{}, false, err
	}
	// Other facts of the log may lie before its own: the head covers both.
	receipt.Position, err = h.Head(ctx)
	return receipt, true, err
}

// findOwnFacts looks for facts of the command in the pair's stream and, as a merge may
// have come since, in every stream that its non-association has been in.
func (h *Handler) findOwnFacts(ctx context.Context, by domain.Cause, act StaffCommand) (Receipt, bool, error) {
	pairs, err := h.initialPairs(ctx, act)
	if err != nil {
		return Receipt{}, false, err
	}
	seen := map[domain.Pair]bool{}
	for len(pairs) > 0 {
		pair := pairs[0]
		pairs = pairs[1:]
		if seen[pair] {
			continue
		}
		seen[pair] = true
		streams, err := h.loadWithRetry(ctx, pair)
		if err != nil {
			return Receipt{}, false, err
		}
		s := streams[0]
		if receipt, there := s.ownReceipt(act, by.CommandID); there {
			receipt.At = s.now(h.clock())
			return receipt, true, nil
		}
		if n, here := item(s.state, act.ID); here && n.TransferredFrom != nil {
			pairs = append(pairs, n.TransferredFrom.Pair)
		}
		if to, left := s.transferredTo(act.ID); left {
			pairs = append(pairs, to)
		}
	}
	return Receipt{}, false, nil
}

// initialPairs is where the trail begins, found as patiently as a first attempt finds
// it: a repeat may come before the router has heard of what it repeats. Nowhere
// when the record does not have the non-association, which the attempt will say.
func (h *Handler) initialPairs(ctx context.Context, act StaffCommand) ([]domain.Pair, error) {
	if act.ID == uuid.Nil {
		return []domain.Pair{act.Pair}, nil
	}
	pair, err := h.pairOf(ctx, act.ID)
	if errors.As(err, new(domain.Refusal)) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []domain.Pair{pair}, nil
}

// storedAnswer is the answer of a command as the log holds it: another process may
// have run the same command at the same moment, and only one of the two wrote.
func (h *Handler) storedAnswer(ctx context.Context, by domain.Cause, receipt Receipt) (Receipt, error) {
	streams, err := h.loadWithRetry(ctx, receipt.Pair)
	if err != nil {
		return Receipt{}, err
	}
	stored, there := streams[0].ownReceipt(StaffCommand{ID: receipt.NonAssociation.ID}, by.CommandID)
	if !there {
		return receipt, nil // it changed nothing
	}
	stored.Position, stored.At = receipt.Position, receipt.At
	return stored, nil
}

// ownReceipt is the answer from the last fact that the command has left.
func (s stream) ownReceipt(act StaffCommand, command uuid.UUID) (Receipt, bool) {
	for i, fact := range slices.Backward(s.facts) {
		if fact.Meta.CommandID == command {
			return s.receipt(subject(act, s, command), uint64(i)) //nolint:gosec // an index
		}
	}
	return Receipt{}, false
}

// receipt is the answer about a non-association from the stream as it was at a
// revision; false when it was not there.
func (s stream) receipt(id uuid.UUID, revision uint64) (Receipt, bool) {
	if revision >= uint64(len(s.facts)) {
		return Receipt{}, false
	}
	n, there := item(s.at(revision), id)
	return Receipt{Pair: s.state.Pair, NonAssociation: n, Revision: int64(revision)}, there //nolint:gosec // revisions stay far below 2⁶³
}

// subject is the non-association that a command is about; that of an Open is in
// its own fact.
func subject(act StaffCommand, s stream, command uuid.UUID) uuid.UUID {
	if act.ID != uuid.Nil {
		return act.ID
	}
	for _, fact := range s.facts {
		if fact.Meta.CommandID == command {
			return fact.Event.Concerns()
		}
	}
	return uuid.Nil
}

// transferredTo is the pair that a non-association has left for.
func (s stream) transferredTo(id uuid.UUID) (domain.Pair, bool) {
	for _, d := range s.state.TransferredOut {
		if d.ID == id {
			return d.To, true
		}
	}
	return domain.Pair{}, false
}
