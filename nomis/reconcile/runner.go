package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/internal/pg/lease"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// Pairs lists the pairs of the record by key. [queries.Reader] implements it.
type Pairs interface {
	AllPairs(ctx context.Context, after domain.Pair, most int, atLeast uint64) ([]domain.Pair, error)
}

// Feed reads the log from a position on. [audit.Reader] implements it.
type Feed interface {
	Feed(ctx context.Context, feed audit.Feed) error
}

// Options are what a Runner depends on. Schedule, Beat and Wait may be left out.
type Options struct {
	Store *store.Store
	DSN   string // of the sessions that hold the lease and the locks of pairs
	API   *npa.API
	Turns turn.Options // NOMIS is replaced: each run has a client of its own
	Pairs Pairs
	Feed  Feed
	// Head returns the position of the last fact of ours, read after the call began.
	Head   func(ctx context.Context) (uint64, error)
	Clock  func() time.Time // in Europe/London
	Logger *slog.Logger
	// Schedule says when a run of ALL is due by itself; nil: never.
	Schedule *Schedule
	// Pending is how long a change of ours may be on its way to NOMIS without being a
	// difference: NOMIS_SWEEP.
	Pending time.Duration
	Most    int           // pairs that are compared at once, 8 when zero
	Poll    time.Duration // how often requests are looked for, 1 s when zero
	// Wait waits between two reads of a pair or a page; nil: by the clock of the machine.
	Wait func(ctx context.Context, d time.Duration) error
	// Beat is the heartbeat of the loop. Its argument is the fault that keeps runs from
	// going on, or nil.
	Beat func(fault error)
}

// Runner carries out the reconciliations that were requested, and requests those of the
// schedule. Any number may run: a lease lets one of all processes work, one run at a time.
type Runner struct {
	Options
	wake  chan struct{}
	began time.Time
}

// NewRunner returns a Runner. It does nothing until Run.
func NewRunner(options Options) *Runner {
	if options.Most <= 0 {
		options.Most = 8
	}
	if options.Poll <= 0 {
		options.Poll = time.Second
	}
	if options.Wait == nil {
		options.Wait = wait
	}
	if options.Beat == nil {
		options.Beat = func(error) {}
	}
	return &Runner{Options: options, wake: make(chan struct{}, 1)}
}

// Wake makes the runner look for a request now. It never blocks.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Consumer is the name of the runner in health and metrics. It is the same in all
// processes.
const Consumer = "nomisReconciliation"

// leaseName is that of the one process that works.
const leaseName = "nonassociations reconciliation"

// Run works until the context ends, and then returns nil. A run that was cut off goes on
// where it was. It retries during outages of Postgres and of the event store.
func (r *Runner) Run(ctx context.Context) error {
	r.began = r.Clock()
	for ctx.Err() == nil {
		if err := r.hold(ctx); ctx.Err() == nil {
			r.Beat(err)
			r.Logger.WarnContext(ctx, "reconciliation interrupted, retrying", "error", err)
			r.rest(ctx, r.Poll)
		}
	}
	return nil
}

// hold works for as long as this process has the lease and its locks.
func (r *Runner) hold(ctx context.Context) error {
	conn, err := lease.Connect(ctx, r.DSN, leaseName)
	if err != nil {
		return err
	}
	defer lease.Close(conn)
	if err := lease.Acquire(ctx, conn, leaseName, r.Logger, func() { r.Beat(nil) }); err != nil {
		return err
	}
	locks, err := store.OpenPairLocks(ctx, r.DSN)
	if err != nil {
		return err
	}
	defer locks.Close()
	ctx, cancel := locks.WithLocks(ctx)
	defer cancel()
	for {
		if err := conn.Ping(ctx); err != nil {
			return err // and with the session the lease is gone
		}
		some, err := r.next(ctx, locks)
		if err != nil {
			return err
		}
		r.Beat(nil)
		if !some {
			r.rest(ctx, r.Poll)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// next works on the run that was requested first, for some pairs, and reports whether
// there was one. Nothing runs while NOMIS looks restored.
func (r *Runner) next(ctx context.Context, locks *store.PairLocks) (bool, error) {
	brake, err := r.Store.GetBrake(ctx)
	if err != nil || brake.IsOn() {
		return false, err
	}
	if err := r.schedule(ctx); err != nil {
		return false, err
	}
	run, err := r.Store.NextReconciliation(ctx)
	if errors.Is(err, store.ErrNoReconciliation) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, r.work(ctx, locks, run)
}

// schedule requests a run of ALL when one is due. One that was missed, because nothing
// ran, is made up for once.
func (r *Runner) schedule(ctx context.Context) error {
	if r.Schedule == nil {
		return nil
	}
	last, err := r.Store.LastScheduled(ctx)
	from := last.RequestedAt
	if errors.Is(err, store.ErrNoReconciliation) {
		from, err = r.began, nil
	}
	now := r.Clock()
	if err != nil || now.Before(r.Schedule.Next(from.In(now.Location()))) {
		return err
	}
	return r.Store.RequestReconciliation(ctx, store.Run{
		ID: uuid.New(), Scope: store.ScopeAll, Scheduled: true, RequestedBy: "SCHEDULE", RequestedAt: now,
	}, nil)
}

// rest waits for a time, for Wake, or for the end of the context.
func (r *Runner) rest(ctx context.Context, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.wake:
	case <-ctx.Done():
	}
}

// wait waits for a time. Its error is that of the context.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
