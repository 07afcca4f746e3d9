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
	"nonassociations/publisher/store"
)

// lineOf is a line with a message of each of some pairs, all ready.
func lineOf(limit int, pairs ...int) *line {
	l := newLine(limit, place{}, pauses{time.Hour, time.Hour, time.Hour})
	for i, pair := range pairs {
		l.add([]parcel{factOf(messageAt(i+1, pairOf(pair)))})
	}
	return l
}

// heard tells whether a signal is there, and takes it.
func heard(signal chan struct{}) bool {
	select {
	case <-signal:
		return true
	default:
		return false
	}
}

func TestLine_is_full_by_what_is_open_unless_too_few_pairs_can_be_tried(t *testing.T) {
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
func TestLine_keeps_no_more_bodies_than_two_windows_have_room_for(t *testing.T) {
	const limit = 2
	l := lineOf(limit, 1, 1, 1, 1, 1, 2)
	for i, it := range append(slices.Clone(l.lanes[pairOf(1)].letters), l.lanes[pairOf(2)].letters[0]) {
		require.Equal(t, i < 2*limit, it.message.Body != nil, i)
	}
	refused := l.take()[0]
	l.refuse(refused, "why")
	for _, it := range l.parked {
		require.Nil(t, it.message.Body, "a parked one is made again")
	}
}

func TestLine_fills_batches_within_the_limits_of_SNS(t *testing.T) {
	sizes := func(l *line) (all []int) {
		for len(l.ready) > 0 {
			all = append(all, len(l.take()))
		}
		return all
	}
	pairs := make([]int, 23)
	for i := range pairs {
		pairs[i] = i + 1
	}
	require.Equal(t, []int{10, 10, 3}, sizes(lineOf(100, pairs...)))

	l := lineOf(100, 1, 2, 3, 4)
	l.ready[1].alone = true
	require.Equal(t, []int{1, 1, 2}, sizes(l))

	l = lineOf(100, 1, 2, 3, 4)
	for i, size := range []int{100 << 10, 156 << 10, 1, 300 << 10} {
		l.ready[i].message.Body = bytes.Repeat([]byte{'x'}, size)
	}
	require.Equal(t, []int{2, 1, 1}, sizes(l), "one that is too large goes by itself")
}

// Whoever writes the bookmark, and whoever reads the log, hears of what it waits
// for.
func TestLine_says_when_something_can_be_settled_and_when_there_is_room(t *testing.T) {
	l := lineOf(100, 1, 1)
	require.False(t, heard(l.moved))
	l.delivered(l.take()...)
	require.True(t, heard(l.moved))
	require.True(t, heard(l.room))

	it := l.take()[0]
	l.refuse(it, "why")
	require.True(t, heard(l.moved))
	l.settled(l.settlement())
	require.True(t, heard(l.moved), "the bookmark may pass it")
	require.True(t, heard(l.room))

	l.hear([]store.Parked{{EventID: it.message.EventID, Wish: store.Retry}})
	l.refuse(l.take()[0], "why else")
	require.True(t, heard(l.moved))
	l.settled(l.settlement())
	require.False(t, heard(l.moved))
	l.hear([]store.Parked{{EventID: it.message.EventID, Wish: store.Retry}})
	l.delivered(l.take()...)
	require.True(t, heard(l.moved), "its row may go")
}

// A wish that is still in its row though it was granted is not granted twice.
func TestLine_grants_a_wish_once(t *testing.T) {
	l := lineOf(100, 1)
	it := l.take()[0]
	wishes := []store.Parked{{EventID: it.message.EventID, Wish: store.Retry}}
	l.refuse(it, "why")
	l.settled(l.settlement())
	l.hear(wishes)
	l.fail(l.take()[0], errThrottled)
	l.hear(wishes)
	require.Empty(t, l.ready, "it rests like any other")
	l.endRest(it)
	l.offer(it)
	l.refuse(l.take()[0], "why")
	l.hear(wishes)
	require.Empty(t, l.ready, "its row says so only when it is written")
	work := l.settlement().work
	require.Equal(t, store.Retry, work.Tried[0].Wish)
	require.Equal(t, 2, work.Tried[0].Tries)
}

// A refusal ends what was counted against a message as a fault of its own.
func TestLine_a_refused_message_begins_anew(t *testing.T) {
	l := lineOf(100, 1, 2, 3, 4, 5, 6)
	it := l.lanes[pairOf(1)].letters[0]
	batch := l.take()
	l.singly(batch[:1])
	for _, other := range batch[1:5] {
		l.delivered(other)
		l.fail(it, errUnknown)
	}
	require.Equal(t, 4, it.strikes)
	l.refuse(it, "why")
	require.Zero(t, it.strikes)
	require.False(t, it.alone)
	require.Equal(t, 1, l.parked[0].row().Tries)
}

// When the line has ended, no pause does.
func TestLine_ends_no_pause_when_it_has_ended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lineOf(100, 1, 2)
		ctx, cancel := context.WithCancel(t.Context())
		l.endWith(ctx)
		batch := l.take()
		l.fail(batch[0], errUnknown)
		cancel()
		synctest.Wait()
		l.fail(batch[1], errUnknown)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		require.Equal(t, resting, batch[0].where)
		require.Equal(t, resting, batch[1].where)
		require.Nil(t, l.take())
	})
}

// A pause ends by itself, and the message is sent again.
func TestLine_ends_a_pause_in_time(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lineOf(100, 1)
		l.pauses = normal
		for _, tenths := range []int{1, 2, 4, 8, 16, 32, 50, 50} {
			began := time.Now()
			it := l.take()[0]
			l.fail(it, errUnknown)
			require.Same(t, it, l.take()[0])
			l.putBack([]*letter{it})
			require.Equal(t, time.Duration(tenths)*100*time.Millisecond, time.Since(began))
		}
	})
}

// discard is for a replay, which has no table.
func TestLine_discards_what_is_refused_and_tries_the_others_again(t *testing.T) {
	l := lineOf(100, 1, 1, 2)
	l.join(&letter{message: Message{Topic: Domain, EventID: uuid.New(), Position: at(9), Pairs: []domain.Pair{pairOf(1)}}})
	l.refuse(l.take()[0], "why")
	require.Len(t, l.parked, 3)
	require.Len(t, l.discard(), 1)
	require.Empty(t, l.parked)
	require.Empty(t, l.desk)
	require.Len(t, l.lanes[pairOf(1)].letters, 2)
	next := l.take()
	require.Len(t, next, 1)
	require.Equal(t, off, next[0].desk)
	l.delivered(next...)
	require.Empty(t, l.discard())
	l.delivered(l.take()...)
	require.Empty(t, l.gone, "nothing has a row")
}
