package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// StaffCommand is one command of staff.
type StaffCommand struct {
	Key     *IdempotencyKey  // nil: a repeat is a command of its own
	Pair    domain.Pair      // that an Open is about
	ID      uuid.UUID        // that every other command is about
	IfMatch domain.FactsSeen // one of them is the last that the caller saw; empty when it may be any
	Command domain.Command   // its own IfMatch is set from here
	Roles   [2]domain.Role   // of an Amend: of who was named first, and of the other; "" leaves it
}

// Staff runs a command of staff. With a key it happens once, however often it is
// sent, and every repeat answers as the first did. Errors: [domain.Refusal],
// [MissingPrisoners], [ErrOtherRequest], [ErrBusy], and faults of the store.
func (h *Handler) Staff(ctx context.Context, by domain.Cause, act StaffCommand) (Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	if act.Key == nil {
		return h.attempt(ctx, by, act)
	}
	claim, err := h.reserveKey(ctx, *act.Key, by.CommandID)
	if err != nil {
		return Receipt{}, err
	}
	by.CommandID = claim.CommandID
	receipt, known, err := h.replayAnswer(ctx, by, act, claim)
	if known && claim.Stored != nil || err != nil {
		return receipt, err
	}
	if !known {
		receipt, err = h.attempt(ctx, by, act)
	}
	if err == nil && !known {
		receipt, err = h.storedAnswer(ctx, by, receipt)
	}
	return h.completeKey(ctx, *act.Key, claim, receipt, err)
}

// attempt is the command as if it came for the first time. A lost answer of an
// earlier attempt is found by the loop itself.
func (h *Handler) attempt(ctx context.Context, by domain.Cause, act StaffCommand) (receipt Receipt, err error) {
	if open, is := act.Command.(domain.Open); is {
		if err := h.requireKnown(ctx, act.Pair, open.FirstPrisoner); err != nil {
			return Receipt{}, err
		}
		if len(act.IfMatch) > 0 {
			return Receipt{}, domain.Refusal{Code: domain.CodeStale, Message: "A new non-association matches nothing that was read"}
		}
		receipt, err = h.Execute(ctx, by, act.Pair, open)
	} else {
		receipt, err = h.attemptByID(ctx, by, act)
	}
	return receipt, err
}

func (h *Handler) attemptByID(ctx context.Context, by domain.Cause, act StaffCommand) (Receipt, error) {
	asked := job{command: act.Command, by: by}
	switch c := act.Command.(type) {
	case domain.Amend:
		c.IfMatch = act.IfMatch
		asked.complete = func(state domain.State) domain.Command {
			c.Roles = rolesIn(state, act)
			return c
		}
	case domain.Close:
		c.IfMatch = act.IfMatch
		asked.command = c
	case domain.Reopen:
		c.IfMatch = act.IfMatch
		asked.command = c
	case domain.Delete:
		c.IfMatch = act.IfMatch
		asked.command = c
	default:
	}
	return h.executeByID(ctx, act.ID, asked)
}

// rolesIn gives the roles of a command to prisoner numbers. Only the state of the
// pair knows which prisoner the opening fact named first, so this waits for the one
// load of the loop.
func rolesIn(state domain.State, act StaffCommand) map[domain.PrisonerNumber]domain.Role {
	roles := map[domain.PrisonerNumber]domain.Role{}
	n, here := item(state, act.ID)
	if !here {
		return roles // the command is refused, or goes on in another pair
	}
	first := firstOf(state.Pair, n)
	for i, number := range []domain.PrisonerNumber{first, state.Pair.Other(first)} {
		if act.Roles[i] != "" {
			roles[number] = act.Roles[i]
		}
	}
	return roles
}

func firstOf(pair domain.Pair, n domain.NonAssociation) domain.PrisonerNumber {
	if pair.Has(n.FirstPrisoner) {
		return n.FirstPrisoner
	}
	return pair.Numbers()[0]
}

// reserveKey is the first thing that is written for a request with a key.
func (h *Handler) reserveKey(ctx context.Context, key IdempotencyKey, command uuid.UUID) (Reservation, error) {
	if h.keys == nil {
		return Reservation{}, fmt.Errorf("%w: there is nowhere to keep keys", ErrBusy)
	}
	claim, err := h.keys.Reserve(ctx, key, command, h.clock())
	if err != nil && !errors.Is(err, ErrOtherRequest) {
		return Reservation{}, fmt.Errorf("%w: claim a key: %w", ErrBusy, err)
	}
	return claim, err
}

// completeKey remembers how a command with a key went. An answer that cannot be
// kept is an answer all the same: the facts hold it. A refusal is told only
// when its key is free, for whoever was refused asks for something else.
func (h *Handler) completeKey(ctx context.Context, key IdempotencyKey, claim Reservation, receipt Receipt, err error) (Receipt, error) {
	if err == nil {
		kept := h.keys.Complete(ctx, key, claim, StoredAnswer{
			Pair: receipt.Pair, Revision: uint64(receipt.Revision), Position: receipt.Position.Uint64(), At: receipt.At, //nolint:gosec // a stream with an answer in it has a revision
		})
		if kept != nil {
			h.logger.WarnContext(ctx, "an answer could not be kept with its key", "error", kept)
		}
		return receipt, nil
	}
	var refusal domain.Refusal
	var missing MissingPrisoners
	if !errors.As(err, &refusal) && !errors.As(err, &missing) {
		return Receipt{}, err // the key stays: nobody knows what was written
	}
	if freed := h.keys.Release(ctx, key, claim.CommandID); freed != nil {
		return Receipt{}, fmt.Errorf("%w: free a key: %w", ErrBusy, freed)
	}
	return Receipt{}, err
}

// positionOf is a position that was told outside.
func positionOf(outside uint64) eventstore.Position {
	return eventstore.Position{Commit: outside, Prepare: outside}
}
