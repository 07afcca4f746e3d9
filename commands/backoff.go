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

// backoff is exponential with full jitter: each wait is a random time below a limit, and
// the limit doubles up to maxDelay. Without jitter, two writers that conflicted once
// would conflict again at the next attempt. The loop does not use a retry function of a
// library, because one round may leave some jobs to be retried and others finished.
type backoff struct{ limit time.Duration }

func newBackoff() *backoff { return &backoff{limit: firstDelay} }

// wait blocks for the next delay. It returns the context's error when that ends first.
func (b *backoff) wait(ctx context.Context) error {
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
