package publisher

import (
	"time"

	"github.com/cenkalti/backoff/v5"

	"nonassociations/publisher/store"
)

// delays are how long it takes until something is tried again. Each is twice the
// one before it.
type delays struct {
	first   time.Duration
	longest time.Duration // of the topic, and of a message that is not parked
	parked  time.Duration // the longest of one that is
}

// normalDelays pauses let a topic that is back be used within seconds.
var normalDelays = delays{first: 100 * time.Millisecond, longest: 5 * time.Second, parked: 10 * time.Minute}

// after is how long a letter rests that failed by itself.
func (p delays) after(it *delivery) time.Duration {
	if it.state == store.Failing {
		return doubled(p.first, it.attempts, p.parked)
	}
	return doubled(p.first, it.faults-1, p.longest)
}

// doubled is a pause that was doubled some times, and stays below a limit.
func doubled(first time.Duration, times int, limit time.Duration) time.Duration {
	for ; times > 0 && first < limit; times-- {
		first *= 2
	}
	return min(first, limit)
}

// ofCalls are the pauses of a sender while SNS takes nothing at all.
func (p delays) ofCalls() *backoff.ExponentialBackOff {
	rests := backoff.NewExponentialBackOff()
	rests.InitialInterval, rests.MaxInterval, rests.Multiplier = p.first, p.longest, 2
	rests.Reset()
	return rests
}
