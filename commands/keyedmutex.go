package commands

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// keyedMutex lets one writer a pair through at a time, first come, first served. It
// spares the store conflicts that this process would cause itself; what keeps
// the record right is the expected revision alone.
type keyedMutex struct {
	mu      sync.Mutex
	waiters map[string]*waiter
}

// waiter is the waiting line of one pair; it exists while somebody is in it.
type waiter struct {
	turn   chan struct{} // holds one token while nobody's turn it is
	inside int
}

func newKeyedMutex() *keyedMutex { return &keyedMutex{waiters: map[string]*waiter{}} }

// enter waits for the turn; a context that ends leaves the line.
func (q *keyedMutex) enter(ctx context.Context, key string) error {
	q.mu.Lock()
	l, exists := q.waiters[key]
	if !exists {
		l = &waiter{turn: make(chan struct{}, 1)}
		l.turn <- struct{}{}
		q.waiters[key] = l
	}
	l.inside++
	q.mu.Unlock()
	select {
	case <-l.turn:
		return nil
	case <-ctx.Done():
		q.drop(key, l)
		return ctx.Err()
	}
}

// leave gives the turn to the next in line.
func (q *keyedMutex) leave(key string) {
	q.mu.Lock()
	l := q.waiters[key]
	q.mu.Unlock()
	l.turn <- struct{}{}
	q.drop(key, l)
}

func (q *keyedMutex) drop(key string, l *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l.inside--; l.inside == 0 {
		delete(q.waiters, key)
	}
}

// Exclusively does something while no other writer of this process is at the stream;
// who does not get the turn in the context's time is told so. It spares the
// store conflicts, no more.
func (h *Handler) Exclusively(ctx context.Context, stream string, do func(context.Context) error) error {
	if err := h.turns.enter(ctx, stream); err != nil {
		return fmt.Errorf("wait for the turn of %s: %w", stream, err)
	}
	defer h.turns.leave(stream)
	return do(ctx)
}

// backoff grows from attempt to attempt, with jitter so that those who met once
// do not meet again.
type backoff struct{ limit time.Duration }

const (
	firstDelay = 4 * time.Millisecond
	maxDelay   = 400 * time.Millisecond
)

func newBackoff() *backoff { return &backoff{limit: firstDelay} }

// wait waits, or says that the context ended.
func (p *backoff) wait(ctx context.Context) error {
	timer := time.NewTimer(time.Duration(rand.Int64N(int64(p.limit)))) //nolint:gosec // jitter is no secret
	defer timer.Stop()
	p.limit = min(2*p.limit, maxDelay)
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
