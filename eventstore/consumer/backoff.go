package consumer

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	msec = time.Millisecond
	sec  = time.Second
)

// exponential has jitter, so that followers that fell together do not rise
// together.
func exponential(first, most time.Duration) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = first, most, 2
	b.Reset()
	return b
}

// pause waits, and tells whether the context still lives.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
