package nomis

import (
	"context"
	"errors"
	"sync/atomic"

	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// Outcome is how a turn of a worker ended. It is a label of a metric: never change a
// value.
type Outcome string

// The outcomes.
const (
	OutcomeDone   Outcome = "done"   // nothing is left to do now
	OutcomeFailed Outcome = "failed" // the pair is put off
	// OutcomeStopped is that of a turn that no fault of its pair ended: the brake is on,
	// NOMIS denies access, the locks were lost, or the process stops.
	OutcomeStopped Outcome = "stopped"
)

// Outcomes returns every outcome.
func Outcomes() []Outcome { return []Outcome{OutcomeDone, OutcomeFailed, OutcomeStopped} }

// newCounts returns a counter for each outcome.
func newCounts() map[Outcome]*atomic.Int64 {
	counts := map[Outcome]*atomic.Int64{}
	for _, outcome := range Outcomes() {
		counts[outcome] = &atomic.Int64{}
	}
	return counts
}

// Counts returns how many turns have ended in each of [Outcomes] since NewWorker.
func (w *Worker) Counts() map[Outcome]int64 {
	counts := make(map[Outcome]int64, len(w.counts))
	for outcome, count := range w.counts {
		counts[outcome] = count.Load()
	}
	return counts
}

// outcomeOf returns the outcome of a turn that returned an error, or nil.
func outcomeOf(ctx context.Context, failed error) Outcome {
	switch {
	case ctx.Err() != nil, errors.Is(failed, turn.ErrBraked), errors.Is(failed, npa.ErrDenied), errors.Is(failed, store.ErrLocksLost):
		return OutcomeStopped
	case failed != nil:
		return OutcomeFailed
	}
	return OutcomeDone
}
