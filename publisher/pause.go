package publisher

import (
	"time"

	"github.com/cenkalti/backoff/v5"

	"nonassociations/publisher/store"
)

// pauses are how long it takes until something is tried again. Each is twice the
// one before it.
type pauses struct {
	first   time.Duration
	longest time.Duration // of the topic, and of a message that is not parked
	parked  time.Duration // the longest of one that is
}

// normal pauses let a topic that is back be used within seconds.
var normal = pauses{first: 100 * time.Millisecond, longest: 5 * time.Second, parked: 10 * time.Minute}

// after is how long a letter rests that failed by itself.
func (p pauses) after(it *letter) time.Duration {
	if it.state == store.Failing {
		return double(p.first, it.tries, p.parked)
	}
	return double(p.first, it.faults-1, p.longest)
}

// double is a pause that was doubled some times, and stays below a limit.
func double(first time.Duration, times int, limit time.Duration) time.Duration {
	for ; times > 0 && first < limit; times-- {
		first *= 2
	}
	return min(first, limit)
}

// ofCalls are the pauses of a sender while SNS takes nothing at all.
func (p pauses) ofCalls() *backoff.ExponentialBackOff {
	rests := backoff.NewExponentialBackOff()
	rests.InitialInterval, rests.MaxInterval, rests.Multiplier = p.first, p.longest, 2
	rests.Reset()
	return rests
}
