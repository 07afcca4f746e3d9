package commands

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	firstDelay = 4 * time.Millisecond
	maxDelay   = 400 * time.Millisecond
)

// Backoff is an exponential backoff with full jitter: each wait is a random time below
// a limit, which doubles from 4 ms up to 400 ms. Without jitter, two writers that
// conflicted once would conflict again at the next attempt. One goroutine owns a
// Backoff. The loop uses no retry function of a library, because one round may leave
// some jobs to be retried and others finished.
type Backoff struct{ limit time.Duration }

// NewBackoff returns a Backoff at its first delay.
func NewBackoff() *Backoff { return &Backoff{limit: firstDelay} }

// Wait blocks for the next delay. It returns the context's error when that ends first.
func (b *Backoff) Wait(ctx context.Context) error {
	timer := time.NewTimer(time.Duration(rand.Int64N(int64(b.limit)))) //nolint:gosec // jitter needs no secure random numbers
	defer timer.Stop()
	b.limit = min(2*b.limit, maxDelay)
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
