package publisher

import (
	"time"

	"github.com/cenkalti/backoff/v5"

	"nonassociations/publisher/store"
)

// delays are the intervals of a session. The pause before a retry is twice the one
// before, up to a limit.
type delays struct {
	first   time.Duration
	longest time.Duration // for the topic, and for a message that is not parked
	parked  time.Duration // for a parked message

	// commit batches acknowledgements before the checkpoint is written, because each
	// write costs a round trip. A crash within the delay only sends again.
	commit time.Duration
	// check is how often a waiting session checks its lease, and how often requests
	// of operators are read.
	check time.Duration
}

// normalDelays let a topic be used within seconds of its recovery. Only tests have
// others.
var normalDelays = delays{
	first: 100 * time.Millisecond, longest: 5 * time.Second, parked: 10 * time.Minute,
	commit: 20 * time.Millisecond, check: time.Second,
}

// after returns the pause of a delivery that failed by itself.
func (w delays) after(d *delivery) time.Duration {
	if d.state == store.Failing {
		return doubled(w.first, d.attempts, w.parked)
	}
	return doubled(w.first, d.faults-1, w.longest)
}

// doubled returns first doubled so many times, and at most limit.
func doubled(first time.Duration, times int, limit time.Duration) time.Duration {
	for ; times > 0 && first < limit; times-- {
		first *= 2
	}
	return min(first, limit)
}

// ofCalls returns the backoff of a sender while SNS takes nothing at all. It has
// jitter, so that the senders do not call a throttled topic all at once. The caller
// waits itself instead of using backoff.Retry, because each attempt sends another
// batch: what failed has gone back to the pipeline.
func (w delays) ofCalls() *backoff.ExponentialBackOff {
	retries := backoff.NewExponentialBackOff()
	retries.InitialInterval, retries.MaxInterval, retries.Multiplier = w.first, w.longest, 2
	retries.Reset()
	return retries
}

// signal wakes the receiver without blocking. Several signals may coalesce.
func signal(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}
