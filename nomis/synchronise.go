package nomis

import (
	"context"
	"errors"

	"nonassociations/domain"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// NotNowError says why no turn could be taken, in one sentence for the person who asked
// for it. It has no personal data.
type NotNowError struct {
	Why   string
	cause error
}

// Error returns the sentence and the cause, for a log.
func (e *NotNowError) Error() string { return e.Why + " " + e.cause.Error() }

// Unwrap returns the cause.
func (e *NotNowError) Unwrap() error { return e.cause }

// Synchronised is what a turn did, or would do, and the dossier after it.
type Synchronised struct {
	Steps   []plan.Step
	Dossier Dossier
}

// Synchronise takes the turn of a pair now. It is a turn as any other, but that what NOMIS
// refused or did not take is sent once more. With dryRun it writes nothing, and returns
// the steps of the first plan. Errors: *NotNowError, [domain.Refusal] when the record
// refuses what NOMIS holds, and faults of the record and of Postgres. After an error a
// part may be done: the bell has rung, so that the pair's turn is taken again.
func (d *Dossiers) Synchronise(ctx context.Context, pair domain.Pair, dryRun bool) (Synchronised, error) {
	if dryRun {
		return d.try(ctx, pair)
	}
	var done Synchronised
	err := d.Locks.With(ctx, pair, func(ctx context.Context, locks *store.PairLocks) (err error) {
		done, err = d.synchronise(ctx, locks, pair)
		return err
	})
	return done, notNow(err)
}

// try is Synchronise without writing anything.
func (d *Dossiers) try(ctx context.Context, pair domain.Pair) (Synchronised, error) {
	result, why, err := d.look(ctx, pair, true)
	switch {
	case err != nil:
		return Synchronised{}, err
	case why != "":
		return Synchronised{}, &NotNowError{why, npa.ErrUnavailable}
	}
	dossier, err := d.dossier(ctx, pair, result)
	return Synchronised{result.Plan.Steps, dossier}, err
}

// synchronise is Synchronise under the lock of the pair. It rings first: a turn that is
// cut off anywhere is then taken again, by whoever takes the turns of the bell.
func (d *Dossiers) synchronise(ctx context.Context, locks *store.PairLocks, pair domain.Pair) (Synchronised, error) {
	brake, err := d.Store.GetBrake(ctx)
	if err == nil && brake.IsOn() {
		err = turn.ErrBraked
	}
	if err != nil {
		return Synchronised{}, err
	}
	if err := d.Store.Ring(ctx, d.Clock(), store.Ring{Pair: pair, Cause: store.Cause{Kind: store.Asked}}); err != nil {
		return Synchronised{}, err
	}
	due, err := d.Store.Get(ctx, pair)
	if err != nil {
		return Synchronised{}, err
	}
	result, err := d.turns.Take(ctx, pair, turn.Why{Cause: causeOf(due), Asked: true, Due: due, Confirm: locks.Confirm})
	if err != nil {
		if lost := context.Cause(ctx); errors.Is(lost, store.ErrLocksLost) {
			err = errors.Join(err, lost) // a call of NOMIS that this cut off says only that it was
		}
		return Synchronised{}, err
	}
	if err := settle(ctx, d.Store, d.Clock(), due, result); err != nil {
		return Synchronised{}, err
	}
	dossier, err := d.dossier(ctx, pair, result)
	return Synchronised{result.Done, dossier}, err
}

// notNow gives the errors of a turn that pass without a change of the pair their sentence.
func notNow(err error) error {
	why := npa.Why(err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, turn.ErrBraked):
		why = "All turns are stopped, because NOMIS looks restored from a backup. They go on when somebody says which side is right."
	case errors.Is(err, store.ErrPairBusy):
		why = "Another turn works on the pair."
	case errors.Is(err, store.ErrNotLocked), errors.Is(err, store.ErrLocksLost):
		why = "The lock of the pair is not to be had."
	}
	if why == "" {
		return err
	}
	return &NotNowError{why, err}
}
