package commands

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// replayAnswer answers a repeated command without running it. The source is the stored
// revision of the first answer, or the facts of an attempt that stored no answer. It
// returns false when there is neither; the command then runs as a first attempt.
func (h *Handler) replayAnswer(ctx context.Context, by domain.Cause, act StaffCommand, reservation Reservation) (Receipt, bool, error) {
	if reservation.New {
		return Receipt{}, false, nil
	}
	if a := reservation.Stored; a != nil {
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
	// The positions of the facts are not known here. The head is never too low.
	receipt.Position, err = h.Head(ctx)
	return receipt, true, err
}

// findOwnFacts searches the facts of the command. A merge may have moved the record
// since the first attempt, so it follows the record through every stream that it was in,
// in both directions. It returns false when no stream has facts of the command.
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
		if n, here := s.state.Item(act.ID); here && n.TransferredFrom != nil {
			pairs = append(pairs, n.TransferredFrom.Pair)
		}
		if d, left := s.state.OutgoingTransferOf(act.ID); left {
			pairs = append(pairs, d.To)
		}
	}
	return Receipt{}, false, nil
}

// initialPairs returns the pair at which the search for own facts begins. It waits for
// the locator as a first attempt does, because a repeat may arrive before the read model
// has the record. It returns no pair for an unknown id, and the attempt refuses it then.
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

// storedAnswer returns the answer of a command as the log has it. Two processes may run
// the same command at the same time, and only one of them appends. Both must give the
// answer that belongs to the stored facts. A command that changed nothing has none, and
// its receipt is returned unchanged.
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

// ownReceipt returns the answer as of the last fact of the command in the stream, and
// false when the stream has no fact of it.
func (s stream) ownReceipt(act StaffCommand, command uuid.UUID) (Receipt, bool) {
	for i, fact := range slices.Backward(s.facts) {
		if fact.Meta.CommandID == command {
			return s.receipt(subject(act, s, command), uint64(i)) //nolint:gosec // an index
		}
	}
	return Receipt{}, false
}

// receipt returns the answer about a non-association as of a revision of the stream. It
// returns false when the stream did not have the record, or has no such revision.
func (s stream) receipt(id uuid.UUID, revision uint64) (Receipt, bool) {
	if revision >= uint64(len(s.facts)) {
		return Receipt{}, false
	}
	n, there := s.at(revision).Item(id)
	return Receipt{Pair: s.state.Pair, NonAssociation: n, Revision: int64(revision)}, there //nolint:gosec // revisions stay far below 2⁶³
}

// subject returns the id of the non-association that a command is about. The id of an
// Open is derived when it is decided, so it is read from the command's own fact.
func subject(act StaffCommand, s stream, command uuid.UUID) uuid.UUID {
	if act.ID != uuid.Nil {
		return act.ID
	}
	for _, fact := range s.facts {
		if fact.Meta.CommandID == command {
			return fact.Event.About()
		}
	}
	return uuid.Nil
}
