package merge

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// ErrNothingMerged means that the log has no fact of the message: the id is wrong, or
// the message changed nothing.
var ErrNothingMerged = errors.New("the log has no fact of this message")

// Undone is what an unmerge did, or would do in a dry run.
type Undone struct {
	Changes []Change
	// Returned is the number that is no longer removed; empty when the message
	// removed none, or was taken back before.
	Returned domain.PrisonerNumber
}

// Undo undoes a message by new facts. The records return to the pairs of the removed
// number, the closings and deletions of the merge are reversed, and the number is no
// longer removed. Changes that other commands have made since are kept.
//
// The command id of the cause is the one of the message. Undo is idempotent. It first
// completes interrupted transfers of other messages that concern the same records. With
// dryRun it appends nothing and returns the plan.
//
// Errors: [ErrNothingMerged], [commands.ErrBusy] and faults of the store. After the
// last two the same call may be repeated.
func (p *Process) Undo(ctx context.Context, by domain.Cause, reason string, dryRun bool) (Undone, error) {
	found, err := p.effectsOf(ctx, by.CommandID)
	if err != nil {
		return Undone{}, err
	}
	if !dryRun {
		if err := p.complete(ctx, found.incomplete); err != nil {
			return Undone{}, err
		}
	}
	u := &undoing{Process: p, by: by, reason: reason, dryRun: dryRun}
	// The new facts have a command id of their own, and the message is their cause. That
	// distinguishes them from the facts of the message, in the same streams.
	u.by.CausationID, u.by.CommandID = by.CommandID, unmergeCommandID(by.CommandID)
	var undone Undone
	for _, t := range found.effects {
		done, err := u.undoEffect(ctx, t)
		undone.Changes = append(undone.Changes, done...)
		if err != nil {
			return undone, err
		}
	}
	// The number comes last: until then, reads of the removed number are redirected to
	// where the records still are.
	undone.Returned, err = u.returnNumber(ctx, found.merged, by.CommandID)
	return undone, err
}

// undoing is one attempt at an unmerge. One goroutine owns it.
type undoing struct {
	*Process
	by     domain.Cause // cause of the new facts
	reason string
	dryRun bool
}

// about returns the cause of a fact about a number.
func (u *undoing) about(number domain.PrisonerNumber) domain.Cause {
	by := u.by
	by.About = number
	return by
}

// undoEffect undoes the effect of the message on one pair: it transfers the arrived
// records back first and restores the resident ones second.
func (u *undoing) undoEffect(ctx context.Context, t mergeEffect) (all changes, err error) {
	if len(t.arrived) > 0 {
		all, err = u.transferBack(ctx, t)
		if err != nil {
			return all, err
		}
	}
	done, err := u.restore(ctx, t)
	return append(all, done...), err
}

// transferBack transfers the records that arrived by an effect back, from wherever
// later merges have moved them.
func (u *undoing) transferBack(ctx context.Context, t mergeEffect) (all changes, err error) {
	ways, err := u.returnRoutes(ctx, t)
	if err != nil {
		return nil, err
	}
	for _, w := range ways {
		back := domain.Renumbering{Previous: w.number, Number: t.Previous, Reason: u.reason}
		to, err := back.Pair(w.at)
		if err != nil { // the pair is of the removed number itself
			continue
		}
		done, err := u.transferRoute(ctx, t, transfer{
			Renumbering: back, by: u.about(t.Previous), from: w.at, to: to, undo: t.reopened, choose: w.choose,
		})
		all = append(all, done...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// transferRoute executes one transfer back, or plans it in a dry run. A record that the
// merge had closed is listed as reopened as well.
func (u *undoing) transferRoute(ctx context.Context, t mergeEffect, m transfer) (all changes, err error) {
	streams, err := u.loadWithRetry(ctx, m.from, m.to)
	if err != nil {
		return nil, err
	}
	var reopened []uuid.UUID
	for _, n := range m.choose(streams[0], streams[1]) {
		if t.closedByMerge(n) {
			reopened = append(reopened, n.ID)
		}
	}
	if u.dryRun {
		all, err = u.planned(ctx, m)
	} else {
		all, err = u.transfer(ctx, m)
	}
	for _, id := range reopened {
		if slices.Contains(all, Change{id, m.from, m.to, Renumbered}) {
			all = all.with(Change{id, m.from, m.to, Reopened})
		}
	}
	return all, err
}

// restore reverses what the merge did to the resident records of a pair.
func (u *undoing) restore(ctx context.Context, t mergeEffect) (all changes, err error) {
	back := domain.Renumbering{Previous: t.Number, Number: t.Previous, Reason: u.reason}
	for over := len(t.resident) == 0; !over && err == nil; {
		err = u.retryOnConflict(ctx, func(ctx context.Context) error {
			streams, err := u.load(ctx, t.to)
			if err != nil {
				return err
			}
			due, planned := t.pendingRestores(streams[0], u.by.CommandID)
			if over = len(due) == 0 || u.dryRun; over {
				all = append(all, planned...)
				return nil
			}
			taken := 0
			_, err = u.decideAndAppend(ctx, streams[0], u.about(t.Previous), len(due), func(count int) domain.Command {
				taken = count
				return domain.Restore{Renumbering: back, Records: due[:count]}
			})
			if err == nil {
				all = append(all, planned[:taken]...)
			}
			return err
		})
	}
	return all, err
}

// returnNumber makes the removed number count again, as the last step of an unmerge. It
// returns the number, or "" when the message removed none or was undone before.
func (u *undoing) returnNumber(ctx context.Context, m *domain.Renumbering, message uuid.UUID) (returned domain.PrisonerNumber, err error) {
	if m == nil {
		return "", nil
	}
	err = u.retryOnConflict(ctx, func(ctx context.Context) error {
		number, err := u.number(ctx, m.Previous)
		if err != nil {
			return err
		}
		back := domain.ReturnNumber{Renumbering: *m, Message: message}
		back.Reason = u.reason
		facts := number.removal.Return(back, number.folding.Now(u.Clock()), u.about(m.Previous))
		if len(facts) == 0 {
			return nil
		}
		returned = m.Previous
		if u.dryRun {
			return nil
		}
		return u.append(ctx, number.stream(), number.expected(), facts)
	})
	return returned, err
}
