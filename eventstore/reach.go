package eventstore

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Reach answers whether a log goes as far as a position that a caller names.
// Calls that overlap share their reads: a call shares only a read that began
// after it, and one read is under way at a time. It is safe for concurrent use.
type Reach struct{ last, named shared }

// NewReach asks one log.
func NewReach(log Store) *Reach {
	return &Reach{
		last:  shared{read: log.End},
		named: shared{read: func(ctx context.Context) (Position, error) { return lastNamed(ctx, log) }},
	}
}

// Has reports whether the log has a place at or behind a position, written as
// [Position.Outside] writes it; everything is read after the call began. A
// position that any answer or subscription has given is one the log has.
// Errors: those of End and Subscribe.
func (r *Reach) Has(ctx context.Context, position uint64) (bool, error) {
	if position == 0 {
		return true, nil
	}
	for _, read := range []*shared{&r.last, &r.named} {
		end, err := read.get(ctx)
		if err != nil {
			return false, err
		}
		if end.Outside() >= position {
			return true, nil
		}
	}
	return false, nil
}

// nobodys begins the name of no stream, so that a subscription hears places only.
const nobodys = "app-nobodys-"

// errEnd ends a subscription at the end of the log.
var errEnd = errors.New("the end of the log")

// lastNamed is the last place that a subscription names today. EventStoreDB
// names one behind its last event, where the next may begin, and a read model
// that took it for its checkpoint hands it out as a position.
func lastNamed(ctx context.Context, log Store) (Position, error) {
	end, err := log.End(ctx)
	if err != nil {
		return Start, err
	}
	last := end
	err = log.Subscribe(ctx, end, []string{nobodys}, func(m Message) error {
		if m.Kind == CaughtUp {
			return errEnd
		}
		if last.Before(m.Position) {
			last = m.Position
		}
		return nil
	})
	if errors.Is(err, errEnd) {
		return last, nil
	}
	if err == nil { // a subscription has no good end
		err = ErrUnavailable
	}
	return Start, err
}

// sharedTime ends a read that no waiting caller can end any more.
const sharedTime = 10 * time.Second

// shared is one read for all who ask while the one before it is under way.
type shared struct {
	read func(context.Context) (Position, error)

	mu      sync.Mutex
	running bool
	next    *sharedRead // the read that those who come now will share
}

type sharedRead struct {
	done     chan struct{}
	position Position
	err      error
}

func (s *shared) get(ctx context.Context) (Position, error) {
	if err := ctx.Err(); err != nil {
		return Start, err
	}
	s.mu.Lock()
	if s.next == nil {
		s.next = &sharedRead{done: make(chan struct{})}
	}
	mine := s.next
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

// serve reads as long as a caller waits. One that leaves does not take the read
// away from the others.
func (s *shared) serve(ctx context.Context) {
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
