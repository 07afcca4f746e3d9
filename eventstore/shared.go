package eventstore

import (
	"context"
	"sync"
	"time"
)

// sharedTime bounds a shared read, which no single caller can cancel.
const sharedTime = 10 * time.Second

// Shared coalesces concurrent reads: one is in flight, and all callers that come
// meanwhile share the next one. A call never gets the result of a read that began
// before it, which singleflight would return. It is safe for concurrent use.
type Shared struct {
	read func(context.Context) (Position, error)

	mu      sync.Mutex
	running bool
	next    *sharedRead // the read that callers from now on will share
}

// sharedRead is one read with its callers. Position and err are set before done is
// closed.
type sharedRead struct {
	done     chan struct{}
	waiters  int
	position Position
	err      error
}

// Share makes a Shared of a read function, which is never called concurrently.
func Share(read func(context.Context) (Position, error)) *Shared { return &Shared{read: read} }

// Get returns the result of a read that began after the call. Errors: those of the
// read, and the context's.
func (s *Shared) Get(ctx context.Context) (Position, error) {
	if err := ctx.Err(); err != nil {
		return Start, err
	}
	s.mu.Lock()
	if s.next == nil {
		s.next = &sharedRead{done: make(chan struct{})}
	}
	mine := s.next
	mine.waiters++
	if !s.running {
		s.running = true
		go s.serve(context.WithoutCancel(ctx))
	}
	s.mu.Unlock()
	select {
	case <-mine.done:
		return mine.position, mine.err
	case <-ctx.Done():
		return Start, ctx.Err()
	}
}

// Waiting returns the number of calls that wait for the next read, for tests.
func (s *Shared) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		return 0
	}
	return s.next.waiters
}

// serve runs reads while callers wait. A caller that leaves does not cancel the read
// of the others.
func (s *Shared) serve(ctx context.Context) {
	for {
		s.mu.Lock()
		r := s.next
		s.next, s.running = nil, r != nil
		s.mu.Unlock()
		if r == nil {
			return
		}
		limited, cancel := context.WithTimeout(ctx, sharedTime)
		r.position, r.err = s.read(limited)
		cancel()
		close(r.done)
	}
}
