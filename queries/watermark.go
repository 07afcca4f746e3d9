package queries

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// WaitTime is the longest wait for a position. MaxWaiters is how many requests of all
// clients may wait in one Reader.
const (
	WaitTime   = 2 * time.Second
	MaxWaiters = 256
)

// watermark is the position up to which the read model is known to be built, with the
// requests that wait for a later one. It is safe for concurrent use.
type watermark struct {
	at      atomic.Uint64
	missing atomic.Bool // at the last poll there was no read model

	mu      sync.Mutex
	waiters map[*waiter]struct{}
	called  chan struct{} // closed with the first waiter; nil: nobody looks for one
}

// waiter is one request that waits.
type waiter struct {
	atLeast uint64
	reached chan struct{} // closed when the watermark has reached atLeast
}

func (w *watermark) position() uint64 { return w.at.Load() }

// advance raises the watermark, and never lowers it.
func (w *watermark) advance(to uint64) {
	// Another goroutine may move the watermark between the load and the swap; then the
	// comparison is made again.
	for {
		before := w.at.Load()
		if to <= before {
			return
		}
		if w.at.CompareAndSwap(before, to) {
			w.wake(to)
			return
		}
	}
}

// reset adopts the position that was read from the table, also a lower one: the read
// model may have been dropped and begun again. before is the watermark when the table
// was read. If it has moved since, a lower position of the table is stale and ignored.
func (w *watermark) reset(before, read uint64) {
	if read < before && w.at.CompareAndSwap(before, read) {
		return
	}
	w.advance(read)
}

// wake releases the waiters for a position up to at.
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

// addWaiter registers a request, unless MaxWaiters wait already. The caller must remove
// the waiter again.
func (w *watermark) addWaiter(atLeast uint64) (*waiter, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiters) >= MaxWaiters {
		return nil, ErrTooManyWaiters
	}
	if w.waiters == nil {
		w.waiters = map[*waiter]struct{}{}
	}
	added := &waiter{atLeast: atLeast, reached: make(chan struct{})}
	w.waiters[added] = struct{}{}
	if w.called != nil {
		close(w.called)
		w.called = nil
	}
	return added, nil
}

// wanted returns a channel that is closed as soon as a request waits, also when one waits
// already.
func (w *watermark) wanted() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiters) > 0 {
		return closed
	}
	if w.called == nil {
		w.called = make(chan struct{})
	}
	return w.called
}

// closed is a channel that is closed.
var closed = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (w *watermark) removeWaiter(waiting *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.waiters, waiting)
}

// WaitFor returns nil as soon as the read model has reached a position. After WaitTime
// it gives up with ErrBehind, or ErrNotCaughtUp where there is no read model. When
// MaxWaiters requests wait already it returns ErrTooManyWaiters at once. Other errors
// are the cause of the context's end.
func (r *Reader) WaitFor(ctx context.Context, atLeast uint64) error {
	if r.watermark.position() >= atLeast {
		return nil
	}
	waiting, err := r.watermark.addWaiter(atLeast)
	if err != nil {
		return err
	}
	defer r.watermark.removeWaiter(waiting)
	// The watermark may have risen between the first look and the registration, which
	// then wakes no waiter.
	if r.watermark.position() >= atLeast {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.waitTime, ErrBehind)
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
