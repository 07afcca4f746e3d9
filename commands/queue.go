package commands

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// queue lets one writer a pair through at a time, first come, first served. It
// spares the store conflicts that this process would cause itself; what keeps
// the record right is the expected revision alone.
type queue struct {
	mu    sync.Mutex
	lines map[string]*line
}

// line is the waiting line of one pair; it exists while somebody is in it.
type line struct {
	turn   chan struct{} // holds one token while nobody's turn it is
	inside int
}

func newQueue() *queue { return &queue{lines: map[string]*line{}} }

// enter waits for the turn; a context that ends leaves the line.
func (q *queue) enter(ctx context.Context, key string) error {
	q.mu.Lock()
	l, exists := q.lines[key]
	if !exists {
		l = &line{turn: make(chan struct{}, 1)}
		l.turn <- struct{}{}
		q.lines[key] = l
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
func (q *queue) leave(key string) {
	q.mu.Lock()
	l := q.lines[key]
	q.mu.Unlock()
	l.turn <- struct{}{}
	q.drop(key, l)
}

func (q *queue) drop(key string, l *line) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l.inside--; l.inside == 0 {
		delete(q.lines, key)
	}
}

// InTurn does something while no other writer of this process is at the stream;
// who does not get the turn in the context's time is told so. It spares the
// store conflicts, no more.
func (h *Handler) InTurn(ctx context.Context, stream string, do func(context.Context) error) error {
	if err := h.queue.enter(ctx, stream); err != nil {
		return fmt.Errorf("wait for the turn of %s: %w", stream, err)
	}
	defer h.queue.leave(stream)
	return do(ctx)
}

// pause grows from attempt to attempt, with jitter so that those who met once
// do not meet again.
type pause struct{ limit time.Duration }

const (
	firstPause = 4 * time.Millisecond
	maxPause   = 400 * time.Millisecond
)

func newPause() *pause { return &pause{limit: firstPause} }

// next waits, or says that the context ended.
func (p *pause) next(ctx context.Context) error {
	timer := time.NewTimer(time.Duration(rand.Int64N(int64(p.limit)))) //nolint:gosec // jitter is no secret
	defer timer.Stop()
	p.limit = min(2*p.limit, maxPause)
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
