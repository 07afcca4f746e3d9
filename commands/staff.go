package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// StaffCommand is one command of staff. An Open uses Pair; every other command uses ID.
type StaffCommand struct {
	Key     *IdempotencyKey  // nil: a repeat counts as a new command
	Pair    domain.Pair      // of an Open
	ID      uuid.UUID        // of every other command
	IfMatch domain.FactsSeen // the last change that the caller saw is one of these; empty: unchecked
	Command domain.Command   // without IfMatch, which is set from the field above
	Roles   [2]domain.Role   // of an Amend: of the first-named prisoner and of the other; "" keeps a role

	// Staff is whom the command is judged by, before the loop: where both prisoners are
	// must allow it. nil is a system, which is not bound by that.
	Staff *domain.Staff
}

// Staff runs a command of staff. With a key the command is idempotent: it is executed at
// most once, and every repeat gets the first answer again. A refused command frees its
// key. Errors: [domain.Refusal], [MissingPrisoners], [ErrNotPermitted], [ErrOtherRequest],
// [ErrBusy], and faults of the store.
func (h *Handler) Staff(ctx context.Context, by domain.Cause, act StaffCommand) (Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	if act.Key == nil {
		return h.attempt(ctx, by, act)
	}
	reservation, err := h.reserveKey(ctx, *act.Key, by.CommandID)
	if err != nil {
		return Receipt{}, err
	}
	by.CommandID = reservation.CommandID
	receipt, known, err := h.replayAnswer(ctx, by, act, reservation)
	if known && reservation.Stored != nil || err != nil {
		return receipt, err
	}
	if !known {
		receipt, err = h.attempt(ctx, by, act)
	}
	if err == nil && !known {
		receipt, err = h.storedAnswer(ctx, by, receipt)
	}
	return h.completeKey(ctx, *act.Key, reservation, receipt, err)
}

// attempt runs the command as a first attempt. The loop itself finds the facts of an
// earlier attempt in the stream, if its answer was lost.
func (h *Handler) attempt(ctx context.Context, by domain.Cause, act StaffCommand) (receipt Receipt, err error) {
	if open, is := act.Command.(domain.Open); is {
		if err := h.admit(ctx, act, open); err != nil {
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

// attemptByID runs every command but an Open. It passes IfMatch on to the rules and
// leaves the roles to be completed when the state is loaded.
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
	return h.executeByID(ctx, act.ID, asked, func(pair domain.Pair) error { return h.admitByID(ctx, act, pair) })
}

// rolesIn returns the roles of an amendment by prisoner number. The caller gives them by
// the order of naming. Only the state knows which prisoner the opening fact named first,
// so they are resolved after the load of the loop and need no load of their own.
func rolesIn(state domain.State, act StaffCommand) map[domain.PrisonerNumber]domain.Role {
	roles := map[domain.PrisonerNumber]domain.Role{}
	n, here := state.Item(act.ID)
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

// firstOf returns the prisoner that was named first. A record without that knowledge
// falls back to the smaller number.
func firstOf(pair domain.Pair, n domain.NonAssociation) domain.PrisonerNumber {
	if pair.Has(n.FirstPrisoner) {
		return n.FirstPrisoner
	}
	return pair.Numbers()[0]
}

// reserveKey reserves the key before anything is appended. A crash after the append then
// still leaves the command id with which a repeat finds the facts.
func (h *Handler) reserveKey(ctx context.Context, key IdempotencyKey, command uuid.UUID) (Reservation, error) {
	if h.keys == nil {
		return Reservation{}, fmt.Errorf("%w: there is nowhere to keep keys", ErrBusy)
	}
	reservation, err := h.keys.Reserve(ctx, key, command, h.clock())
	if err != nil && !errors.Is(err, ErrOtherRequest) {
		return Reservation{}, fmt.Errorf("%w: reserve a key: %w", ErrBusy, err)
	}
	return reservation, err
}

// completeKey stores the outcome of a command under its key. A failure to store an
// answer is only logged, because a repeat finds the answer in the facts. After a refusal
// the key is freed first: the caller may correct the request and send it with the same
// key. Any other error keeps the key, because facts may have been appended.
func (h *Handler) completeKey(ctx context.Context, key IdempotencyKey, reservation Reservation, receipt Receipt, err error) (Receipt, error) {
	if err == nil {
		kept := h.keys.Complete(ctx, key, reservation, StoredAnswer{
			Pair: receipt.Pair, Revision: uint64(receipt.Revision), Position: receipt.Position.Uint64(), At: receipt.At, //nolint:gosec // a stream with an answer in it has a revision
		})
		if kept != nil {
			h.logger.WarnContext(ctx, "storing the answer of an idempotency key failed", "error", kept)
		}
		return receipt, nil
	}
	var refusal domain.Refusal
	var missing MissingPrisoners
	if !errors.As(err, &refusal) && !errors.As(err, &missing) && !errors.Is(err, ErrNotPermitted) {
		return Receipt{}, err // the outcome is unknown, so the key stays
	}
	if freed := h.keys.Release(ctx, key, reservation.CommandID); freed != nil {
		return Receipt{}, fmt.Errorf("%w: free a key: %w", ErrBusy, freed)
	}
	return Receipt{}, err
}

// positionOf converts a public position back to a log position.
func positionOf(outside uint64) eventstore.Position {
	return eventstore.Position{Commit: outside, Prepare: outside}
}
