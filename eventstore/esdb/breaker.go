package esdb

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// callOutcome is what a call told about the server.
type callOutcome int

const (
	answered    callOutcome = iota // it is there, whatever the answer was
	unavailable                    // it said or showed that it cannot serve
	unknown                        // the caller left before it was known
)

// The pause between two calls that try a server that is away.
const (
	firstPause = 25 * time.Millisecond
	lastPause  = time.Second
)

// circuitBreaker lets everybody through while the server answers, and one call at a time
// while it does not. Each Unavailable makes the client open another connection
// and forget the old one (F), and every call waits unheard inside the client
// while it looks for the server (B, C): so outside is the place to wait.
type circuitBreaker struct {
	logger *slog.Logger
	down   atomic.Bool
	opened atomic.Uint64 // how often the server was back

	mu     sync.Mutex
	pause  time.Duration
	next   time.Time     // when the server may be tried again
	trying bool          // a call is trying it
	moved  chan struct{} // closed and replaced when any of this changes
}

func newCircuitBreaker(logger *slog.Logger) *circuitBreaker {
	return &circuitBreaker{logger: logger, moved: make(chan struct{})}
}

// enter waits until the call may go on; trying says that it goes alone, to see
// whether the server is back.
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

// look claims the next try, or says how long to wait for it.
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

// leave tells what a call that was let in has seen.
func (g *circuitBreaker) leave(trying bool, seen callOutcome) {
	if !trying && (seen == unknown || (seen == answered) != g.down.Load()) {
		return // nothing new
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
	case unknown: // the next one tries at once
	}
	close(g.moved)
	g.moved = make(chan struct{})
}

func (g *circuitBreaker) open() {
	if g.down.CompareAndSwap(true, false) {
		g.pause = 0
		g.opened.Add(1)
		g.logger.Info("event store is back")
	}
}

func (g *circuitBreaker) shut(trying bool) {
	if g.down.CompareAndSwap(false, true) {
		g.logger.Warn("event store is away")
	} else if !trying {
		return // begun before the others knew
	}
	g.pause = min(max(2*g.pause, firstPause), lastPause)
	g.next = time.Now().Add(g.pause)
}
