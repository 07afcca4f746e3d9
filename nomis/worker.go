package nomis

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"nonassociations/domain"
	"nonassociations/internal/tracing"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// WorkerOptions are what a Worker depends on. Beat may be left out.
type WorkerOptions struct {
	Turns *turn.Turns
	Store *store.Store
	// Locks opens the session that holds the locks of the pairs.
	Locks func(ctx context.Context) (*store.PairLocks, error)
	// Available reports whether NOMIS answers. Probe asks it once, and is called every
	// ProbeEvery while it does not.
	Available  func() bool
	Probe      func(ctx context.Context) error
	ProbeEvery time.Duration // 10 s when zero
	// Poll is how often the bell is looked at while nothing rings, 500 ms when zero.
	Poll time.Duration
	// Most is how many turns are taken at once, 4 when zero.
	Most   int
	Clock  func() time.Time // in Europe/London
	Logger *slog.Logger
	// Beat is the heartbeat of the loop. Its argument is the fault that keeps the worker
	// from taking turns, or nil.
	Beat func(fault error)
}

// Worker takes the turns of the pairs that are due. Several may run, in any process: the
// lock of a pair lets one turn at a time work on it.
type Worker struct {
	WorkerOptions
	wake   chan struct{}
	denied atomic.Bool               // NOMIS denied the calls of a turn, and none ended since
	counts map[Outcome]*atomic.Int64 // one for each of Outcomes; the map is never changed
}

// NewWorker returns a Worker. It does nothing until Run.
func NewWorker(options WorkerOptions) *Worker {
	if options.ProbeEvery <= 0 {
		options.ProbeEvery = 10 * time.Second
	}
	if options.Poll <= 0 {
		options.Poll = 500 * time.Millisecond
	}
	if options.Most <= 0 {
		options.Most = 4
	}
	if options.Beat == nil {
		options.Beat = func(error) {}
	}
	return &Worker{WorkerOptions: options, wake: make(chan struct{}, 1), counts: newCounts()}
}

// Wake makes the worker look at the bell now. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run takes turns until the context ends, and then returns nil. Turns under way end
// first. It retries during outages of Postgres, of the event store and of NOMIS.
func (w *Worker) Run(ctx context.Context) error {
	for waits := newDelays(); ctx.Err() == nil; {
		w.session(ctx, waits)
	}
	return nil
}

// session takes turns until the session of the locks is lost, and then waits before the
// next one.
func (w *Worker) session(ctx context.Context, waits *backoff.ExponentialBackOff) {
	locks, err := w.Locks(ctx)
	if err == nil {
		waits.Reset()
		err = w.work(ctx, locks)
		locks.Close()
	}
	if ctx.Err() == nil {
		w.Beat(err)
		pause(ctx, w.Logger, waits, "taking turns failed, retrying", err)
	}
}

// work takes turns while the session of the locks is there. It returns an error when
// that is lost, or the bell cannot be read.
func (w *Worker) work(ctx context.Context, locks *store.PairLocks) error {
	ctx, cancel := locks.WithLocks(ctx)
	defer cancel()
	var turns sync.WaitGroup
	defer turns.Wait()
	free := make(chan struct{}, w.Most)
	for {
		ready, fault := w.awaitNOMIS(ctx)
		w.Beat(fault)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !ready {
			continue
		}
		some, err := w.claim(ctx, locks, free, &turns)
		if err != nil {
			return err
		}
		if !some {
			if fault != nil && len(free) == 0 {
				w.denied.Store(false) // the probe was let in, and no turn is left to say otherwise
			}
			w.rest(ctx, w.Poll)
		}
	}
}

// claim starts the turns of pairs that are due, as many as are free, and reports whether
// there was one. It waits until a turn is free.
func (w *Worker) claim(ctx context.Context, locks *store.PairLocks, free chan struct{}, turns *sync.WaitGroup) (bool, error) {
	select {
	case free <- struct{}{}:
	case <-ctx.Done():
		return false, nil
	}
	claimed, err := w.Store.Claim(ctx, locks, w.Clock(), 1)
	if err != nil || len(claimed) == 0 {
		<-free
		return false, err
	}
	turns.Go(func() {
		defer func() { <-free }()
		defer locks.Unlock(context.WithoutCancel(ctx), claimed[0].Pair)
		w.turn(ctx, locks, claimed[0])
	})
	return true, nil
}

// awaitNOMIS probes NOMIS while it does not answer, and reports whether a turn may begin.
// The fault is what keeps turns from ending, nil when nothing does. After a turn that NOMIS
// denied, a probe that is let in proves little: one turn is then tried after each ProbeEvery,
// until one ends.
func (w *Worker) awaitNOMIS(ctx context.Context) (ready bool, fault error) {
	denied := w.denied.Load()
	if w.Available() && !denied {
		return true, nil
	}
	if denied {
		w.Beat(npa.ErrDenied)
		w.hold(ctx)
	}
	err := w.Probe(ctx)
	switch {
	case err == nil && w.denied.Load():
		return true, npa.ErrDenied
	case err == nil:
		return true, nil
	}
	w.Beat(err)
	w.Logger.WarnContext(ctx, "NOMIS does not answer, so no turns are taken", "retry_in", w.ProbeEvery, "error", err)
	if !denied {
		w.hold(ctx)
	}
	return false, err
}

// hold waits for ProbeEvery, or for the end of the context. A ring does not end it.
func (w *Worker) hold(ctx context.Context) {
	timer := time.NewTimer(w.ProbeEvery)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// rest waits for a time, for a ring, or for the end of the context.
func (w *Worker) rest(ctx context.Context, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.wake:
	case <-ctx.Done():
	}
}

// turn takes the turn of a pair and settles its row of the bell.
func (w *Worker) turn(ctx context.Context, locks *store.PairLocks, due store.DuePair) {
	ctx, span := tracing.Follow(ctx, traceOf(due), "turn", tracing.Consumer)
	result, err := w.Turns.Take(ctx, due.Pair, turn.Why{Cause: causeOf(due), Due: due, Confirm: locks.Confirm})
	tracing.End(span, err)
	w.counts[outcomeOf(ctx, err)].Add(1)
	if ctx.Err() != nil {
		return // the row is as it was: the next turn begins anew
	}
	if err == nil {
		w.denied.Store(false)
		err = settle(ctx, w.Store, w.Clock(), due, result)
	} else {
		err = w.putOff(ctx, due, err)
	}
	if err != nil && ctx.Err() == nil {
		w.Logger.ErrorContext(ctx, "the turn of a pair could not be settled", "stream", due.Pair.Stream(), "error", err)
	}
}

// triesUntilShown is how many failed turns in a row make a problem of the pair.
const triesUntilShown = 5

// putOff puts the pair off after a failed turn. It leaves the row as it is when no turn
// can be taken at all: the brake is on, or NOMIS lets no call in.
func (w *Worker) putOff(ctx context.Context, due store.DuePair, failed error) error {
	switch {
	case errors.Is(failed, turn.ErrBraked):
		w.Beat(failed)
		w.hold(ctx)
		return nil
	case errors.Is(failed, npa.ErrDenied):
		w.denied.Store(true)
		return nil
	case errors.Is(failed, store.ErrLocksLost):
		return nil
	}
	problem := problemOf(failed)
	w.Logger.WarnContext(ctx, "the turn of a pair failed, retrying later", "stream", due.Pair.Stream(), "error", failed)
	tries, err := w.Store.PutOff(ctx, due.Pair, due.Version, problem, w.Clock())
	if err != nil || tries < triesUntilShown {
		return err
	}
	return w.Turns.NotReached(ctx, due.Pair, problem.Why)
}

// problemOf says why a turn failed.
func problemOf(failed error) store.Problem {
	var refusal domain.Refusal
	switch {
	case errors.Is(failed, npa.ErrUnavailable):
		return store.Problem{Kind: "UNAVAILABLE", Why: "NOMIS does not answer."}
	case errors.As(failed, &refusal):
		return store.Problem{Kind: "REFUSED_HERE", Why: "The record refuses what NOMIS holds: " + refusal.Message + "."}
	}
	return store.Problem{Kind: "FAULT", Why: "The record could not be read or written."}
}
