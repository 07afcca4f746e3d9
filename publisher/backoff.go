package publisher

import (
	"time"

	"github.com/cenkalti/backoff/v5"

	"nonassociations/publisher/store"
)

// delays are the pauses before a retry. Each pause is twice the one before, up to a
// limit.
type delays struct {
	first   time.Duration
	longest time.Duration // for the topic, and for a message that is not parked
	parked  time.Duration // for a parked message
}

// normalDelays let a topic be used within seconds of its recovery.
var normalDelays = delays{first: 100 * time.Millisecond, longest: 5 * time.Second, parked: 10 * time.Minute}

// after returns the pause of a delivery that failed by itself.
func (p delays) after(it *delivery) time.Duration {
	if it.state == store.Failing {
		return doubled(p.first, it.attempts, p.parked)
	}
	return doubled(p.first, it.faults-1, p.longest)
}

// doubled returns first doubled so many times, and at most limit.
func doubled(first time.Duration, times int, limit time.Duration) time.Duration {
	for ; times > 0 && first < limit; times-- {
		first *= 2
	}
	return min(first, limit)
}

// ofCalls returns the backoff of a sender while SNS takes nothing at all.
func (p delays) ofCalls() *backoff.ExponentialBackOff {
	rests := backoff.NewExponentialBackOff()
	rests.InitialInterval, rests.MaxInterval, rests.Multiplier = p.first, p.longest, 2
	rests.Reset()
	return rests
}
