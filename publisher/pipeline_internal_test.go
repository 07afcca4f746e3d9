package publisher

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// pipelineOf is a line with a message of each of some pairs, all ready.
func pipelineOf(limit int, pairs ...int) *pipeline {
	l := newPipeline(limit, logPosition{}, frozen)
	for i, pair := range pairs {
		l.add([]outgoing{factOf(messageAt(i+1, pairOf(pair)))})
	}
	return l
}

// signalled tells whether a signal is there, and takes it.
func signalled(signal chan struct{}) bool {
	select {
	case <-signal:
		return true
	default:
		return false
	}
}

func TestPipeline_isFullByWhatIsOpenUnlessTooFewPairsCanBeTried(t *testing.T) {
	for _, c := range []struct {
		open, fronts int
		full         bool
	}{
		{0, 0, false}, {3, 3, false}, {3, 99, false}, {4, 15, false}, {4, 16, true}, {63, 15, false}, {63, 16, true}, {64, 1, true},
	} {
		w := window{limit: 4, open: c.open, fronts: c.fronts}
		require.Equal(t, c.full, w.isFull(), c)
	}
}

// What is read far beyond a full window is kept without what it says.
func TestPipeline_keepsAtMostTwoWindowsOfBodies(t *testing.T) {
	const limit = 2
	l := pipelineOf(limit, 1, 1, 1, 1, 1, 2)
	for i, it := range append(slices.Clone(l.queues[pairOf(1)].deliveries), l.queues[pairOf(2)].deliveries[0]) {
		require.Equal(t, i < 2*limit, it.message.Body != nil, i)
	}
	refused := l.nextBatch()[0]
	l.refuse(refused, "why")
	for _, it := range l.parked {
		require.Nil(t, it.message.Body, "a parked one is made again")
	}
}

func TestPipeline_fillsBatchesWithinTheLimitsOfSNS(t *testing.T) {
	sizes := func(l *pipeline) (all []int) {
		for len(l.ready) > 0 {
			all = append(all, len(l.nextBatch()))
		}
		return all
	}
	pairs := make([]int, 23)
	for i := range pairs {
		pairs[i] = i + 1
	}
	require.Equal(t, []int{10, 10, 3}, sizes(pipelineOf(100, pairs...)))

	l := pipelineOf(100, 1, 2, 3, 4)
	l.ready[1].alone = true
	require.Equal(t, []int{1, 1, 2}, sizes(l))

	l = pipelineOf(100, 1, 2, 3, 4)
	for i, size := range []int{100 << 10, 156 << 10, 1, 300 << 10} {
		l.ready[i].message.Body = bytes.Repeat([]byte{'x'}, size)
	}
	require.Equal(t, []int{2, 1, 1}, sizes(l), "one that is too large goes by itself")
}

// The writer of the checkpoint and the reader of the log are signalled what they wait
// for.
func TestPipeline_signalsWhenSomethingCanBeCommittedAndWhenThereIsRoom(t *testing.T) {
	l := pipelineOf(100, 1, 1)
	require.False(t, signalled(l.changed))
	l.delivered(l.nextBatch()...)
	require.True(t, signalled(l.changed))
	require.True(t, signalled(l.capacity))

	it := l.nextBatch()[0]
	l.refuse(it, "why")
	require.True(t, signalled(l.changed))
	l.committed(l.changes())
	require.True(t, signalled(l.changed), "the checkpoint may pass it")
	require.True(t, signalled(l.capacity))

	l.applyRequests([]store.Parked{{EventID: it.message.EventID, Request: store.Retry}})
	l.refuse(l.nextBatch()[0], "why else")
	require.True(t, signalled(l.changed))
	l.committed(l.changes())
	require.False(t, signalled(l.changed))
	l.applyRequests([]store.Parked{{EventID: it.message.EventID, Request: store.Retry}})
	l.delivered(l.nextBatch()...)
	require.True(t, signalled(l.changed), "its row may go")
}

// A request that is still in its row though it was granted is not granted twice.
func TestPipeline_appliesARequestOnce(t *testing.T) {
	l := pipelineOf(100, 1)
	it := l.nextBatch()[0]
	wishes := []store.Parked{{EventID: it.message.EventID, Request: store.Retry}}
	l.refuse(it, "why")
	l.committed(l.changes())
	l.applyRequests(wishes)
	l.fail(l.nextBatch()[0], errThrottled)
	l.applyRequests(wishes)
	require.Empty(t, l.ready, "it rests like any other")
	l.resume(it)
	l.markReady(it)
	l.refuse(l.nextBatch()[0], "why")
	l.applyRequests(wishes)
	require.Empty(t, l.ready, "its row says so only when it is written")
	work := l.changes().work
	require.Equal(t, store.Retry, work.Attempted[0].Request)
	require.Equal(t, 2, work.Attempted[0].Attempts)
}

// A refusal ends what was counted against a message as a fault of its own.
func TestPipeline_aRefusedMessageBeginsAnew(t *testing.T) {
	l := pipelineOf(100, 1, 2, 3, 4, 5, 6)
	it := l.queues[pairOf(1)].deliveries[0]
	batch := l.nextBatch()
	l.retryIndividually(batch[:1])
	for _, other := range batch[1:5] {
		l.delivered(other)
		l.fail(it, errUnknown)
	}
	require.Equal(t, 4, it.faultsOfItsOwn)
	l.refuse(it, "why")
	require.Zero(t, it.faultsOfItsOwn)
	require.False(t, it.alone)
	require.Equal(t, 1, l.parked[0].row().Attempts)
}

// When the line has ended, no pause does.
func TestPipeline_endsNoPauseWhenItHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pipelineOf(100, 1, 2)
		ctx, cancel := context.WithCancel(t.Context())
		l.stop(ctx)
		batch := l.nextBatch()
		l.fail(batch[0], errUnknown)
		cancel()
		synctest.Wait()
		l.fail(batch[1], errUnknown)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		require.Equal(t, backingOff, batch[0].progress)
		require.Equal(t, backingOff, batch[1].progress)
		require.Nil(t, l.nextBatch())
	})
}

// A pause ends by itself, and the message is sent again.
func TestPipeline_endsAPauseInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pipelineOf(100, 1)
		l.delays = normalDelays
		for _, tenths := range []int{1, 2, 4, 8, 16, 32, 50, 50} {
			began := time.Now()
			it := l.nextBatch()[0]
			l.fail(it, errUnknown)
			require.Same(t, it, l.nextBatch()[0])
			l.requeue([]*delivery{it})
			require.Equal(t, time.Duration(tenths)*100*time.Millisecond, time.Since(began))
		}
	})
}

// discard is for a replay, which has no table.
func TestPipeline_discardsWhatIsRefusedAndTriesTheOthersAgain(t *testing.T) {
	l := pipelineOf(100, 1, 1, 2)
	l.enqueue(&delivery{message: message.Message{Topic: message.Domain, EventID: uuid.New(), Position: at(9), Pairs: []domain.Pair{pairOf(1)}}})
	l.refuse(l.nextBatch()[0], "why")
	require.Len(t, l.parked, 3)
	require.Len(t, l.dropRefused(), 1)
	require.Empty(t, l.parked)
	require.Empty(t, l.parkedDeliveries)
	require.Len(t, l.queues[pairOf(1)].deliveries, 2)
	next := l.nextBatch()
	require.Len(t, next, 1)
	require.Equal(t, notParked, next[0].park)
	l.delivered(next...)
	require.Empty(t, l.dropRefused())
	l.delivered(l.nextBatch()...)
	require.Empty(t, l.gone, "nothing has a row")
}
