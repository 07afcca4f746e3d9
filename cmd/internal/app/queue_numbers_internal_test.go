package app

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/nomis"
)

func TestQueueNumbers_areKeptAndAScrapeNeverWaitsLongForThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		answers := make(chan int)
		q := &queueNumbers{clock: time.Now, ask: func() map[string]nomis.QueueStatus {
			asked.Add(1)
			return map[string]nomis.QueueStatus{"nomisEvents": {Messages: <-answers}}
		}}
		begun := time.Now()
		require.Nil(t, q.get(t.Context()), "SQS is silent")
		require.Equal(t, waitNumbers, time.Since(begun))
		require.Nil(t, q.get(t.Context()))
		require.EqualValues(t, 1, asked.Load(), "one question at a time")
		answers <- 3
		synctest.Wait()
		for range 10 {
			require.Equal(t, 3, q.get(t.Context())["nomisEvents"].Messages)
		}
		time.Sleep(keepNumbers + time.Second)
		require.Nil(t, q.get(t.Context()), "an old answer is none")
		require.EqualValues(t, 2, asked.Load())
		answers <- 4
		synctest.Wait()
		require.Equal(t, 4, q.get(t.Context())["nomisEvents"].Messages)
	})
}
