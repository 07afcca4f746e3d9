package publisher

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// sent is the first message of a pipeline with three pairs, the first of which has
// two, when SNS has taken others before.
func sent(t *testing.T) (*pipeline, *delivery) {
	t.Helper()
	l := newPipeline(100, logPosition{}, frozen)
	l.tally = tally{delivered: 7, calls: 7}
	for i, pair := range []int{1, 1, 2, 3} {
		l.add([]outgoing{factOf(messageAt(i+1, pairOf(pair)))})
	}
	batch := l.nextBatch()
	require.Len(t, batch, 3)
	l.requeue(batch[1:])
	return l, batch[0]
}

// elsewhere is what SNS does with calls of other messages meanwhile.
func elsewhere(l *pipeline, worked, failed int) {
	l.tally.delivered += uint64(worked)
	l.tally.calls += uint64(worked)
	l.tally.failed += uint64(failed)
}

// A fault counts against a message when SNS took another since it was sent, and
// since the last that counted. Five park it, and later ones are counted too.
func TestBlame_ofAnEntryCountsWhenOthersAreTaken(t *testing.T) {
	l, it := sent(t)
	for i := range maxOwnFaults {
		require.Equal(t, onTopic, l.fail(it, errUnknown))
		require.Equal(t, i, it.faultsOfItsOwn, "SNS took no other")
		elsewhere(l, 1, 0)
		require.Equal(t, onTopic, l.fail(it, errThrottled))
		require.Equal(t, i, it.faultsOfItsOwn, "it is the topic's")
		if i < maxOwnFaults-1 {
			require.Equal(t, onTopic, l.fail(it, errUnknown))
			require.Equal(t, 1, it.faults, "it is tried again soon")
			require.Empty(t, l.parked)
		}
	}
	require.Equal(t, onMessage, l.fail(it, errUnknown))
	require.Equal(t, []any{store.Failing, maxOwnFaults, "SomethingNew"}, []any{it.state, it.attempts, it.reason})
	require.Len(t, l.parked, 2, "with what is blocked behind it")
	l.committed(l.changes())
	require.Equal(t, onParked, l.fail(it, errUnknown))
	require.Equal(t, onParked, l.fail(it, errThrottled))
	require.Empty(t, l.marked)
	elsewhere(l, 1, 0)
	require.Equal(t, onParked, l.fail(it, errUnknown))
	require.Equal(t, maxOwnFaults+1, it.attempts)
	require.Len(t, l.marked, 1)
	require.EqualValues(t, 3*maxOwnFaults+3, l.count.Faults)
}

// A fault of a call counts against its only message when nearly all calls of
// others work meanwhile.
func TestBlame_ofACallCountsWhenTheCallsOfOthersWork(t *testing.T) {
	for _, c := range []struct {
		worked, failed int
		blamed         bool
	}{
		{0, 0, false}, {1, 0, true}, {9, 1, false}, {10, 1, true}, {19, 2, false}, {20, 2, true}, {0, 5, false},
	} {
		l, it := sent(t)
		for range 3 { // in vain, and before anything is known of others
			require.Equal(t, onTopic, l.callFailed([]*delivery{it}, errCut))
			require.Equal(t, ready, it.progress)
			it.progress = inFlight
		}
		elsewhere(l, c.worked, c.failed)
		on := l.callFailed([]*delivery{it}, errCut)
		if !c.blamed {
			require.Equal(t, onTopic, on, c)
			require.Equal(t, ready, it.progress)
			continue
		}
		require.Equal(t, onParked, on, c)
		require.Equal(t, 1, it.faultsOfItsOwn)
		require.Equal(t, backingOff, it.progress, "it rests, and the topic does not")

		require.Equal(t, onTopic, l.callFailed([]*delivery{it}, errCut), "none of others since")
		elsewhere(l, 1, 0)
		require.Equal(t, onParked, l.callFailed([]*delivery{it}, errCut), "what it failed in vain is not the topic's")
		require.Equal(t, 2, it.faultsOfItsOwn)
	}
}

func TestBlame_ofACallIsNeverForAFaultOfTheTopic(t *testing.T) {
	l, it := sent(t)
	for range 2 * maxOwnFaults {
		elsewhere(l, 100, 0)
		require.Equal(t, onTopic, l.callFailed([]*delivery{it}, errThrottled))
	}
	require.Zero(t, it.faultsOfItsOwn)
	for range maxOwnFaults {
		elsewhere(l, 100, 0)
		l.fail(it, errUnknown)
	}
	require.Equal(t, onParked, l.callFailed([]*delivery{it}, errThrottled))
	require.Equal(t, backingOff, it.progress, "one that fails by itself keeps its own pauses")
	require.Equal(t, maxOwnFaults, it.attempts)
}

// Messages of a call that failed as a whole are sent one by one when SNS takes
// others, and together while it does not.
func TestBlame_ofABatchIsSoughtOneByOneWhenOthersAreTaken(t *testing.T) {
	for _, c := range []struct {
		worked int
		fault  error
		alone  bool
	}{{0, errCut, false}, {1, errCut, true}, {1, errUnknown, true}, {1, errThrottled, false}} {
		l, it := sent(t)
		batch := append([]*delivery{it}, l.nextBatch()...)
		elsewhere(l, c.worked, 0)
		require.Equal(t, onTopic, l.callFailed(batch, c.fault))
		require.Len(t, l.ready, 3)
		for _, it := range batch {
			require.Equal(t, c.alone, it.alone)
			require.Zero(t, it.faultsOfItsOwn)
		}
		require.EqualValues(t, 3, l.count.Faults)
	}
}

// After a restart a message that failed by itself drags no other down, and its
// pauses go on where they were.
func TestBlame_outlivesARestart(t *testing.T) {
	for _, state := range []store.State{store.Failing, store.Refused, store.Blocked} {
		m := messageAt(1, pairOf(1))
		l := newPipeline(100, logPosition{at: at(1)}, frozen)
		l.restore(message.Domain, []store.Parked{{EventID: m.EventID, Pairs: m.Pairs, Position: m.Position, State: state, Attempts: 9, Reason: "why"}})
		it := l.parkedDeliveries[m.EventID]
		require.Equal(t, state == store.Failing, it.alone)
		require.Equal(t, []any{9, "why", state}, []any{it.row().Attempts, it.row().Reason, it.row().State})
		require.Equal(t, state != store.Refused, len(l.ready) == 1)
	}
}
