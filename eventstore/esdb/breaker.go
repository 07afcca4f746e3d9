package esdb

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// callOutcome is what a call showed about the server.
type callOutcome int

const (
	answered    callOutcome = iota // the server is up, whatever the answer was
	unavailable                    // the server cannot serve, or is not reached
	unknown                        // the caller left before the outcome was known
)

// The pauses between two trial calls while the breaker is open grow from the first to
// the last.
const (
	firstPause = 25 * time.Millisecond
	lastPause  = time.Second
)

// circuitBreaker lets all calls through while the server answers, and one trial call
// at a time while it does not. The other calls wait outside of the client until their
// context ends: each Unavailable makes the client open another connection and leak
// the old one (F), and a call inside of it ignores its context while the client
// searches for the server (B, C).
//
// A library such as sony/gobreaker rejects calls while it is open. Here they wait,
// since a server that is back within the caller's time is no fault to the caller.
type circuitBreaker struct {
	logger *slog.Logger
	down   atomic.Bool
	opened atomic.Uint64 // how often the server came back

	mu     sync.Mutex
	pause  time.Duration
	next   time.Time     // earliest time of the next trial
	trying bool          // a trial is in flight
	moved  chan struct{} // closed and replaced when any of this changes
}

// newCircuitBreaker makes a closed breaker, which lets all calls through.
func newCircuitBreaker(logger *slog.Logger) *circuitBreaker {
	return &circuitBreaker{logger: logger, moved: make(chan struct{})}
}

// enter waits until the call may proceed. trying reports that it is the trial call;
// its outcome must be passed to leave. Errors: the context's, and errClosed.
func (g *circuitBreaker) enter(ctx context.Context, closing <-chan struct{}) (trying bool, err error) {
	for g.down.Load() {
		wait, moved, mine := g.look()
		if mine {
			return true, nil
		}
		if err := pause(ctx, closing, wait, moved); err != nil {
			return false, err
		}
	}
	return false, nil
}

// look claims the next trial, or returns how long to wait for it.
func (g *circuitBreaker) look() (wait time.Duration, moved <-chan struct{}, mine bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	wait = time.Until(g.next)
	if g.trying {
		return lastPause, g.moved, false
	}
	if g.down.Load() && wait <= 0 {
		g.trying = true
		return 0, nil, true
	}
	return wait, g.moved, false
}

// pause waits for a time, or less when moved is closed. Errors: the context's, and
// errClosed when the store closes.
func pause(ctx context.Context, closing <-chan struct{}, wait time.Duration, moved <-chan struct{}) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-moved:
		return nil
	case <-closing:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave records the outcome of a call that has entered.
func (g *circuitBreaker) leave(trying bool, seen callOutcome) {
	if !trying && (seen == unknown || (seen == answered) != g.down.Load()) {
		return // the state is the same
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if trying {
		g.trying = false
	}
	switch seen {
	case answered:
		g.open()
	case unavailable:
		g.shut(trying)
	case unknown: // the next call is a trial at once
	}
	close(g.moved)
	g.moved = make(chan struct{})
}

// open lets all calls through again: the server answers.
func (g *circuitBreaker) open() {
	if g.down.CompareAndSwap(true, false) {
		g.pause = 0
		g.opened.Add(1)
		g.logger.Info("event store recovered")
	}
}

// shut lets only trials through from now on. A failed trial doubles the pause.
func (g *circuitBreaker) shut(trying bool) {
	if g.down.CompareAndSwap(false, true) {
		g.logger.Warn("event store unavailable")
	} else if !trying {
		return // a call from before the breaker closed the way
	}
	g.pause = min(max(2*g.pause, firstPause), lastPause)
	g.next = time.Now().Add(g.pause)
}
