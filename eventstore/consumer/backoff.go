package consumer

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// exponential returns a backoff with jitter, so that consumers that failed together
// do not retry together.
func exponential(first, most time.Duration) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = first, most, 2
	b.Reset()
	return b
}

// delays are the backoffs between two sessions: a quick one for faults that may
// pass, and a slow one for a Poison, which waits for an operator or a later build.
type delays struct{ quick, slow *backoff.ExponentialBackOff }

// newDelays makes both backoffs at their first interval.
func newDelays(i Intervals) delays {
	return delays{quick: exponential(i.Retry, i.RetryMost), slow: exponential(i.Poison, i.PoisonMost)}
}

// after selects the backoff for the error that ended a session.
func (d delays) after(err error) *backoff.ExponentialBackOff {
	var poison *Poison
	if errors.As(err, &poison) {
		return d.slow
	}
	return d.quick
}

// reset is called when events were applied since the last fault.
func (d delays) reset() {
	d.quick.Reset()
	d.slow.Reset()
}

// Sleep waits for a time and reports whether the context is still alive. Handlers use it
// between their own retries.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
