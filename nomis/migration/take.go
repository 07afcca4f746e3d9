package migration

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// batch is how many pairs are read at once from the rows of a run.
const batch = 200

// takeAll takes the pairs without an outcome until there is none. Pairs on which another
// turn works are left for the next pass.
func (w *work) takeAll(ctx context.Context) error {
	for {
		pass := &pass{work: w}
		if err := pass.take(ctx); err != nil || pass.pairs == 0 {
			return err
		}
		if pass.busy.Load() {
			if err := w.Pause(ctx, w.Poll); err != nil {
				return err
			}
		}
	}
}

// pass takes each pair of a run once.
type pass struct {
	*work

	group   errgroup.Group
	pairs   int         // seen
	busy    atomic.Bool // another turn worked on a pair
	stopped atomic.Bool // a pair cannot go on
}

// take takes the pairs of the pass. When one cannot go on, no other begins; those under
// way end first.
func (p *pass) take(ctx context.Context) error {
	p.group.SetLimit(p.InFlight)
	err := p.begin(ctx)
	if fault := p.group.Wait(); fault != nil {
		return fault
	}
	return err
}

// begin starts the turns of all pairs.
func (p *pass) begin(ctx context.Context) error {
	tick := time.NewTicker(p.Poll)
	defer tick.Stop()
	for after := (store.ListedPair{}); ; {
		err := p.hold(ctx, false)
		if err == nil {
			err = p.save(ctx)
		}
		var pairs []store.ListedPair
		if err == nil {
			pairs, err = p.Store.PendingPairs(ctx, p.run.ID, after, batch)
		}
		if err != nil || len(pairs) == 0 {
			return err
		}
		after = pairs[len(pairs)-1]
		p.pairs += len(pairs)
		for _, pair := range pairs {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-tick.C:
				err = p.save(ctx)
			default:
			}
			if err != nil || p.stopped.Load() {
				return err
			}
			p.group.Go(func() error { return p.settle(ctx, pair) })
		}
	}
}

// settle takes one pair and keeps its outcome.
func (p *pass) settle(ctx context.Context, listed store.ListedPair) error {
	done, err := p.takePair(ctx, listed)
	switch {
	case err != nil:
		p.stopped.Store(true)
	case !done:
		p.busy.Store(true)
	}
	return err
}

// takePair takes one pair under its lock and keeps its outcome. It returns false when
// another turn works on the pair.
func (w *work) takePair(ctx context.Context, listed store.ListedPair) (bool, error) {
	pair, is := pairOf(listed)
	if !is {
		return true, w.Store.SettlePair(ctx, w.run.ID, lost(listed, store.PairUnreadable, NotAPair, "NOMIS lists two numbers that are no pair of prisoners."))
	}
	locked, err := w.locks.TryLock(ctx, pair)
	if err != nil || !locked {
		return false, err
	}
	defer w.locks.Unlock(context.WithoutCancel(ctx), pair)
	outcome, err := w.outcome(ctx, pair)
	if err != nil {
		return false, err
	}
	outcome.Pair = listed
	return true, w.Store.SettlePair(ctx, w.run.ID, outcome)
}

// pairOf returns a listed pair as one of the domain, false when it is none.
func pairOf(listed store.ListedPair) (domain.Pair, bool) {
	pair, err := domain.ParsePair(listed[0] + "_" + listed[1])
	return pair, err == nil
}

// maxTries is how often a pair is tried that NOMIS, or the record, fails at by itself.
const maxTries = 5

// outcome migrates a pair. An outage of NOMIS, of the log or of Postgres is waited for and
// is no try of the pair. Errors: errCancelled, and those after which the run is to be
// taken up again.
func (w *work) outcome(ctx context.Context, pair domain.Pair) (store.MigrationPair, error) {
	for tries := 1; ; {
		m, err := w.turns.Migrate(ctx, pair, turn.Why{Cause: w.run.ID, DryRun: w.run.DryRun, Confirm: w.locks.Confirm})
		if err == nil {
			return w.outcomeOf(ctx, pair, m)
		}
		if ctx.Err() != nil {
			return store.MigrationPair{}, context.Cause(ctx)
		}
		away, fault := w.isAway(ctx, err)
		switch {
		case fault != nil:
			return store.MigrationPair{}, fault
		case away:
			if err := errors.Join(w.Pause(ctx, w.Poll), w.hold(ctx, true)); err != nil {
				return store.MigrationPair{}, err
			}
			continue
		}
		if given, is := givenUp(err, tries); is {
			w.Logger.WarnContext(ctx, "a pair could not be migrated", "stream", pair.Stream(), "cause", given.Cause, "error", err)
			return given, nil
		}
		if err := w.Pause(ctx, pauseAfter(tries)); err != nil {
			return store.MigrationPair{}, err
		}
		tries++
	}
}

// isAway reports whether a failure is one of everything and not of the pair: NOMIS does
// not answer to anything else either, or the record is not there. A fault is that of this
// process's own session.
func (w *work) isAway(ctx context.Context, failed error) (bool, error) {
	switch {
	case errors.Is(failed, store.ErrLocksLost):
		return false, failed
	case errors.Is(failed, turn.ErrBraked), errors.Is(failed, npa.ErrDenied), errors.Is(failed, commands.ErrBusy):
		return true, nil
	case errors.Is(failed, npa.ErrUnavailable):
		return w.ping(ctx) != nil, nil
	}
	return false, nil
}

// givenUp returns the outcome of a pair that is not tried again.
func givenUp(failed error, tries int) (store.MigrationPair, bool) {
	var refusal domain.Refusal
	switch {
	case errors.As(failed, &refusal):
		return lost(store.ListedPair{}, store.PairFailed, RefusedHere, "The record refuses what NOMIS holds: "+refusal.Message+"."), true
	case tries < maxTries:
		return store.MigrationPair{}, false
	case errors.Is(failed, npa.ErrUnavailable):
		why := fmt.Sprintf("NOMIS did not give the pair in %d tries.", tries)
		if words := npa.Words(failed); words != "" {
			why += " It says: " + words
		}
		return lost(store.ListedPair{}, store.PairUnreadable, Unavailable, why), true
	}
	return lost(store.ListedPair{}, store.PairFailed, Fault, "The record could not be read or written."), true
}
