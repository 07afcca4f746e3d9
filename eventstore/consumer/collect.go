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

// collect waits for more events of the next batch, unless it is full already. It reports
// whether the context is still alive.
func (s *session[T]) collect(ctx context.Context) bool {
	most := s.consumer.options.Intervals.Collect
	switch {
	case !s.live, len(s.items)+1 >= s.batchLimit():
		return true
	case s.last >= largeBatch:
		return s.pause(ctx, most, nil)
	case s.wanted:
		return true
	default:
		return s.pause(ctx, most, s.consumer.options.Wanted())
	}
}

// pause waits until a time has passed since the last batch, or something waits for the next
// one. It reports whether the context is still alive.
func (s *session[T]) pause(ctx context.Context, most time.Duration, wanted <-chan struct{}) bool {
	// A clock that was set back must not make the wait longer.
	rest := min(most, most-s.consumer.options.Clock().Sub(s.batchAt))
	if rest <= 0 {
		return true
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
