package eventstore

import (
	"context"
	"sync"
	"time"
)

// sharedTime ends a read that no waiting caller can end any more.
const sharedTime = 10 * time.Second

// Shared is one read for all who ask while the one before it is under way, so that
// a rush of questions costs one read at a time. A call shares only a read that
// began after it. It is safe for concurrent use.
type Shared struct {
	read func(context.Context) (Position, error)

	mu      sync.Mutex
	running bool
	next    *sharedRead // the read that those who come now will share
}

type sharedRead struct {
	done     chan struct{}
	waiters  int
	position Position
	err      error
}

// Share makes a Shared of a read, which is called by one goroutine at a time.
func Share(read func(context.Context) (Position, error)) *Shared { return &Shared{read: read} }

// Get is what a read found that began after the call. Errors: those of the read,
// and the context's.
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

// Waiting is how many calls share the read that has not begun yet.
func (s *Shared) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		return 0
	}
	return s.next.waiters
}

// serve reads as long as a caller waits. One that leaves does not take the read
// away from the others.
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
