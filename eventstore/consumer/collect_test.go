package consumer_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore/consumer"
)

// With an hour to collect in, only what something waits for is applied.
func TestBatch_thatFollowsCloselyIsCollectedUntilItIsWanted(t *testing.T) {
	b, k := newFixture(t), &tableHandler{}
	looks, waits, intervals := make(chan struct{}, 10), make(chan struct{}), quick
	intervals.Collect = time.Hour
	b.follow(k, func(o *consumer.Options) {
		o.Intervals = intervals
		o.Wanted = func() <-chan struct{} {
			looks <- struct{}{}
			return waits
		}
	})
	looked := func() {
		ctx, cancel := context.WithTimeout(t.Context(), waitTime)
		defer cancel()
		select {
		case <-looks:
		case <-ctx.Done():
			require.Fail(t, "the batch was not collected")
		}
	}
	require.Eventually(t, k.hasCaughtUp, waitTime, poll)

	b.happens("ours-", "alone")
	b.sees("alone")
	b.happens("ours-", "close")
	looked()
	b.sees("alone")
	close(waits)
	b.sees("alone", "close")
	b.happens("ours-", "closer")
	looked()
	b.sees("alone", "close", "closer")
}
