// Package migration takes over NOMIS's stock of old data. A run lists the pairs that NOMIS
// has, and each of them takes a turn that does nothing but take over. Every pair of a run
// has a row with its outcome, so that a run that was cut off goes on where it was.
package migration

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// Consumer is the name of the runner in health and metrics. It is the same in all
// processes.
const Consumer = "nomisMigration"

// Options are what a Runner depends on. PageSize, Poll, InFlight, Pause and Beat may be
// left out.
type Options struct {
	Store *store.Store
	API   *npa.API
	// Turns are what turns depend on. NOMIS in them is not used: each run has a client of
	// its own, which counts its requests.
	Turns turn.Options
	// Locks opens the session that holds the locks of the pairs.
	Locks func(ctx context.Context) (*store.PairLocks, error)
	// Exclusively runs do in one process at a time. An error means that do did not run.
	Exclusively func(ctx context.Context, do func(context.Context)) error
	InFlight    int           // pairs at once, 8 when zero
	PageSize    int           // of a sweep, 1000 when zero, which is the most that NOMIS gives
	Poll        time.Duration // how often a run is looked for, and its progress is kept; 1 s when zero
	// Pause waits between two tries of a pair, and of NOMIS while it does not answer. It
	// returns an error when the context ends first. Nil waits as told.
	Pause  func(ctx context.Context, most time.Duration) error
	Clock  func() time.Time // in Europe/London
	Logger *slog.Logger
	// Beat is the heartbeat of the loop. Its argument is the fault that holds a run up, or
	// nil.
	Beat func(fault error)
}

// Runner carries out the runs that are requested. Several may run, in any process: one of
// them is at work.
type Runner struct{ Options }

// NewRunner returns a Runner. It does nothing until Run.
func NewRunner(options Options) *Runner {
	if options.InFlight <= 0 {
		options.InFlight = 8
	}
	if options.PageSize <= 0 {
		options.PageSize = 1000
	}
	if options.Poll <= 0 {
		options.Poll = time.Second
	}
	if options.Pause == nil {
		options.Pause = rest
	}
	if options.Beat == nil {
		options.Beat = func(error) {}
	}
	return &Runner{options}
}

// rest waits for a time. It returns an error when the context ends first.
func rest(ctx context.Context, most time.Duration) error {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Run carries out runs until the context ends, and then returns nil. A run that is cut off
// goes on with the next Runner. It retries during outages of Postgres, of the event store
// and of NOMIS.
func (r *Runner) Run(ctx context.Context) error {
	for {
		var fault error
		err := r.Exclusively(ctx, func(ctx context.Context) { fault = r.work(ctx) })
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it ended as it was asked to
		}
		err = errors.Join(err, fault)
		r.Beat(err)
		r.Logger.WarnContext(ctx, "the migration of NOMIS's data is held up, retrying", "error", err)
		_ = rest(ctx, r.Poll) // the loop ends with the context
	}
}

// work carries out runs while the session of the locks is there. It returns an error when
// that is lost, or when a run cannot go on.
func (r *Runner) work(ctx context.Context) error {
	locks, err := r.Locks(ctx)
	if err != nil {
		return err
	}
	defer locks.Close()
	ctx, cancel := locks.WithLocks(ctx)
	defer cancel()
	for ctx.Err() == nil {
		run, err := r.Store.ActiveMigration(ctx)
		switch {
		case errors.Is(err, store.ErrNoMigration):
			r.Beat(nil)
			_ = rest(ctx, r.Poll) // the loop ends with the context
		case err != nil:
			return err
		default:
			if err := r.carry(ctx, locks, run); err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}

// carry carries out a run from where it is to its end.
func (r *Runner) carry(ctx context.Context, locks *store.PairLocks, run store.Migration) error {
	client := r.API.For(npa.Migration)
	options := r.Turns
	options.NOMIS = client
	w := &work{Runner: r, run: run, client: client, turns: turn.New(options), locks: locks}
	log := r.Logger.With("migration", run.ID, "dry_run", run.DryRun)
	log.InfoContext(ctx, "migration at work", "pairs", run.Counts.Known, "done", run.Counts.Total)
	err := w.list(ctx)
	if err == nil {
		err = w.takeAll(ctx)
	}
	saved := w.save(context.WithoutCancel(ctx))
	if err == nil || errors.Is(err, errCancelled) {
		err = saved
	}
	if err != nil && !errors.Is(err, errCancelled) {
		return fmt.Errorf("migration %s: %w", run.ID, err)
	}
	if err := r.Store.EndMigration(ctx, run.ID, r.Clock()); err != nil {
		return err
	}
	log.InfoContext(ctx, "migration ended")
	return nil
}
