package consumer_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore/consumer"
)

// With an hour to collect in, only what something waits for is applied, and what follows
// that.
func TestBatch_thatFollowsCloselyIsCollectedUntilItIsWanted(t *testing.T) {
	b, k := newFixture(t), &tableHandler{}
	var waits atomic.Pointer[chan struct{}]
	nothing := func() chan struct{} {
		open := make(chan struct{})
		waits.Store(&open)
		return open
	}
	first, intervals := nothing(), quick
	intervals.Collect = time.Hour
	b.follow(k, func(o *consumer.Options) {
		o.Intervals = intervals
		o.Wanted = func() <-chan struct{} { return *waits.Load() }
	})
	require.Eventually(t, k.hasCaughtUp, waitTime, poll)

	b.happens("ours-", "alone")
	b.sees("alone")
	b.happens("ours-", "close")
	close(first)
	b.sees("alone", "close")
	second := nothing()
	b.happens("ours-", "after it")
	b.sees("alone", "close", "after it")
	b.happens("ours-", "later")
	close(second)
	b.sees("alone", "close", "after it", "later")
}
