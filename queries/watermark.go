package queries

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of waiting for a position.
const (
	WaitTime   = 2 * time.Second
	MaxWaiters = 256
)

// watermark is how far the read model is, and who waits for it to be further.
type watermark struct {
	at      atomic.Uint64
	missing atomic.Bool // the read model was looked for and is not there

	mu      sync.Mutex
	waiters map[*waiter]struct{}
}

type waiter struct {
	atLeast uint64
	reached chan struct{}
}

func (w *watermark) position() uint64 { return w.at.Load() }

// advance never lowers.
func (w *watermark) advance(to uint64) {
	for {
		was := w.at.Load()
		if to <= was {
			return
		}
		if w.at.CompareAndSwap(was, to) {
			w.wake(to)
			return
		}
	}
}

// reset takes over what the table says, also when it is less: the read model
// may have been started again. was is the watermark before the table was read;
// if it has moved since, the table's word is old.
func (w *watermark) reset(was, now uint64) {
	if now < was && w.at.CompareAndSwap(was, now) {
		return
	}
	w.advance(now)
}

func (w *watermark) wake(at uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for waiting := range w.waiters {
		if waiting.atLeast <= at {
			close(waiting.reached)
			delete(w.waiters, waiting)
		}
	}
}

// addWaiter adds a waiter, unless there are too many.
func (w *watermark) addWaiter(atLeast uint64) (*waiter, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiters) >= MaxWaiters {
		return nil, ErrTooManyWaiters
	}
	if w.waiters == nil {
		w.waiters = map[*waiter]struct{}{}
	}
	joined := &waiter{atLeast: atLeast, reached: make(chan struct{})}
	w.waiters[joined] = struct{}{}
	return joined, nil
}

func (w *watermark) removeWaiter(waiting *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.waiters, waiting)
}

// WaitFor returns when the read model has reached a position, at most WaitTime
// later. Errors: ErrBehind, ErrNotCaughtUp, the context's, and, at once when
// MaxWaiters wait already, ErrTooManyWaiters.
func (r *Reader) WaitFor(ctx context.Context, atLeast uint64) error {
	if r.watermark.position() >= atLeast {
		return nil
	}
	waiting, err := r.watermark.addWaiter(atLeast)
	if err != nil {
		return err
	}
	defer r.watermark.removeWaiter(waiting)
	if r.watermark.position() >= atLeast { // it may have risen before we joined
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, WaitTime, ErrBehind)
	defer cancel()
	select {
	case <-waiting.reached:
		return nil
	case <-ctx.Done():
	}
	err = context.Cause(ctx)
	if errors.Is(err, ErrBehind) && r.watermark.missing.Load() {
		return ErrNotCaughtUp
	}
	return err
}
