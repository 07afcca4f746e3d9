package consumer

import (
	"context"
	"time"
)

// A batch costs about as much as ten events. So a live consumer collects for a moment
// before a batch that follows another one closely. An event that comes alone is never
// delayed. A small batch is not delayed when something waits for it. Neither is the one
// behind it.
const largeBatch = 16

// collect waits for more events of the next batch. It reports whether the context is
// still alive.
func (s *session[T]) collect(ctx context.Context) bool {
	isLarge := s.last >= largeBatch
	if !s.live || s.wanted && !isLarge {
		return true
	}
	most := s.consumer.options.Intervals.Collect
	// A clock that was set back must not make the wait longer.
	rest := min(most, most-s.consumer.options.Clock().Sub(s.batchAt))
	if rest <= 0 {
		return true
	}
	var wanted <-chan struct{}
	if !isLarge {
		wanted = s.consumer.options.Wanted()
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wanted:
	case <-ctx.Done():
		return false
	}
	return true
}

// isClosed reports whether a channel that carries no values is closed.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
