package consumer_test

import (
	"context"
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
	asks := make(chan struct{}, 100)
	// asked returns when it was asked for so many times what is wanted: once for each
	// batch, and once more for one that is collected.
	asked := func(times int) {
		ctx, cancel := context.WithTimeout(t.Context(), waitTime)
		defer cancel()
		for range times {
			select {
			case <-asks:
			case <-ctx.Done():
				require.Fail(t, "the batch is not collected")
			}
		}
	}
	nothing := func() chan struct{} {
		open := make(chan struct{})
		waits.Store(&open)
		return open
	}
	first, intervals := nothing(), quick
	intervals.Collect = time.Hour
	b.follow(k, func(o *consumer.Options) {
		o.Intervals = intervals
		o.Wanted = func() <-chan struct{} {
			asks <- struct{}{}
			return *waits.Load()
		}
	})
	require.Eventually(t, k.hasCaughtUp, waitTime, poll)

	for len(asks) > 0 { // of what came before the first event
		<-asks
	}
	b.happens("ours-", "alone")
	b.sees("alone")
	asked(1)
	b.happens("ours-", "close")
	asked(1)
	b.sees("alone")
	close(first)
	b.sees("alone", "close")
	asked(1)
	second := nothing()
	b.happens("ours-", "after it")
	b.sees("alone", "close", "after it")
	asked(1)
	b.happens("ours-", "later")
	asked(1)
	b.sees("alone", "close", "after it")
	close(second)
	b.sees("alone", "close", "after it", "later")
}
