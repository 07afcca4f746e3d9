package store_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/nomis/store"
)

func TestRing_makesARowThatSaysWhy(t *testing.T) {
	f, pair := newFixture(t), pairOf(t, 1)
	_, err := f.Get(t.Context(), pair)
	require.ErrorIs(t, err, store.ErrNotDue)
	f.ring(noon)
	require.Empty(t, f.next(noon), "nothing rang")
	f.ring(noon,
		store.Ring{Pair: pair, Cause: upserted("a")}, store.Ring{Pair: pair, Cause: deletedBy("b"), Deleted: 2}, store.Ring{Pair: pair, Cause: upserted("a")},
		store.Ring{Pair: pairOf(t, 2), Cause: swept})
	row := f.get(pair)
	require.True(t, noon.Equal(row.FirstRing) && noon.Equal(row.LastRing) && noon.Equal(row.NotBefore))
	require.Zero(t, row.Tries)
	require.Equal(t, []store.Cause{upserted("a"), deletedBy("b")}, row.Causes)
	require.Equal(t, []store.Deletion{{Sequence: 2, ReceivedAt: noon}}, row.Deletions)
	require.Equal(t, []store.Cause{swept}, f.get(pairOf(t, 2)).Causes)
}

func TestRing_theSameMessageTwiceChangesNothing(t *testing.T) {
	f, pair := newFixture(t), pairOf(t, 1)
	f.ring(noon, store.Ring{Pair: pair, Cause: deletedBy("a"), Deleted: 1})
	before := f.get(pair)
	f.ring(noon.Add(time.Minute), store.Ring{Pair: pair, Cause: deletedBy("a"), Deleted: 1})
	require.Equal(t, before, f.get(pair))

	f.ring(noon.Add(time.Minute), store.Ring{Pair: pair, Cause: deletedBy("b"), Deleted: 1}, store.Ring{Pair: pair, Cause: deletedBy("a"), Deleted: 1})
	after := f.get(pair)
	require.NotEqual(t, before.Version, after.Version)
	require.Equal(t, []store.Cause{deletedBy("b"), deletedBy("a")}, after.Causes)
	require.Equal(t, []store.Deletion{{Sequence: 1, ReceivedAt: noon.Add(time.Minute).In(time.UTC)}}, after.Deletions, "of the last message")
	require.True(t, noon.Equal(after.FirstRing))
	require.True(t, noon.Add(time.Minute).Equal(after.LastRing))
}

// SQS has no order: what a row says of its pair must not depend on one.
func TestRing_messagesMayComeInAnyOrder(t *testing.T) {
	f, one, other := newFixture(t), pairOf(t, 1), pairOf(t, 2)
	kinds := []store.Ring{{Cause: upserted("a")}, {Cause: deletedBy("b"), Deleted: 1}, {Cause: ourEvent("c")}, {Cause: deletedBy("d"), Deleted: 2}}
	for i := range kinds {
		forwards, backwards := kinds[i], kinds[len(kinds)-1-i]
		forwards.Pair, backwards.Pair = one, other
		f.ring(noon, forwards)
		f.ring(noon, backwards)
	}
	require.ElementsMatch(t, f.get(one).Causes, f.get(other).Causes)
	require.Equal(t, f.get(one).Deletions, f.get(other).Deletions)
	require.Len(t, f.get(one).Deletions, 2)
}

func TestRing_byItselfAlwaysRings(t *testing.T) {
	f, pair := newFixture(t), pairOf(t, 1)
	f.ring(noon, store.Ring{Pair: pair, Cause: swept})
	before := f.get(pair)
	f.ring(noon, store.Ring{Pair: pair, Cause: swept})
	require.NotEqual(t, before.Version, f.get(pair).Version)
	require.Equal(t, before.Causes, f.get(pair).Causes, "and is told once")
}

func TestRing_keepsTheLatestCauses(t *testing.T) {
	f, pair := newFixture(t), pairOf(t, 1)
	var rings []store.Ring
	for i := range 30 {
		rings = append(rings, store.Ring{Pair: pair, Cause: ourEvent(strconv.Itoa(i))})
	}
	f.ring(noon, rings...)
	require.Len(t, f.get(pair).Causes, 20)
	f.ring(noon, store.Ring{Pair: pair, Cause: ourEvent("last")})
	causes := f.get(pair).Causes
	require.Len(t, causes, 20)
	require.Equal(t, []store.Cause{ourEvent("11"), ourEvent("last")}, []store.Cause{causes[0], causes[19]})
}

// Batches that name the same pairs in another order must not wait for each other.
func TestRing_batchesAtOnceAllRing(t *testing.T) {
	f := newFixture(t)
	var working sync.WaitGroup
	for i := range 8 {
		working.Go(func() {
			for n := range 20 {
				var rings []store.Ring
				for k := range 10 {
					place := k
					if i%2 == 0 {
						place = 9 - k
					}
					rings = append(rings, store.Ring{Pair: pairOf(t, place), Cause: ourEvent(strconv.Itoa(i*100 + n))})
				}
				if err := f.Ring(t.Context(), noon, rings...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	working.Wait()
	require.Len(t, f.next(noon), 10)
}

func TestDone_removesOnlyWhatNothingRangFor(t *testing.T) {
	f, pair := newFixture(t), pairOf(t, 1)
	f.ring(noon, store.Ring{Pair: pair, Cause: ourEvent("a")})
	read := f.get(pair)
	_, err := f.PutOff(t.Context(), pair, read.Version, store.Problem{Kind: "503", Why: "NOMIS does not answer"}, noon)
	require.NoError(t, err)
	f.ring(noon, store.Ring{Pair: pair, Cause: ourEvent("b")})
	gone, err := f.Done(t.Context(), pair, read.Version)
	require.NoError(t, err)
	require.False(t, gone)
	row := f.get(pair)
	require.Zero(t, row.Tries, "the turn succeeded all the same")
	require.Zero(t, row.Problem)
	require.Len(t, f.next(noon), 1)
	gone, err = f.Done(t.Context(), pair, row.Version)
	require.NoError(t, err)
	require.True(t, gone)
	gone, err = f.Done(t.Context(), pair, row.Version)
	require.NoError(t, err)
	require.False(t, gone, "nothing is there")

	f.ring(noon, store.Ring{Pair: pair, Cause: ourEvent("a")})
	gone, err = f.Done(t.Context(), pair, row.Version)
	require.NoError(t, err)
	require.False(t, gone, "a row made anew has another version")
}

func TestPutOff_pausesLongerAndThenAsLongForEver(t *testing.T) {
	f, pair := newFixture(t), pairOf(t, 1)
	f.ring(noon, store.Ring{Pair: pair, Cause: ourEvent("a")})
	now := noon
	for i, pause := range []time.Duration{time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, 10 * time.Minute, 10 * time.Minute} {
		problem := store.Problem{Kind: "503", Why: "try " + strconv.Itoa(i)}
		tries, err := f.PutOff(t.Context(), pair, f.get(pair).Version, problem, now)
		require.NoError(t, err)
		require.Equal(t, i+1, tries)
		require.Equal(t, problem, f.get(pair).Problem)
		require.Empty(t, f.next(now.Add(pause-time.Millisecond)))
		now = now.Add(pause)
		require.Len(t, f.next(now), 1)
	}
	_, err := f.PutOff(t.Context(), pairOf(t, 2), uuid.New(), store.Problem{Kind: "503", Why: "x"}, now)
	require.ErrorIs(t, err, store.ErrNotDue)
}

func TestPutOff_newsMakesThePairDueAtOnce(t *testing.T) {
	f, pair := newFixture(t), pairOf(t, 1)
	f.ring(noon, store.Ring{Pair: pair, Cause: ourEvent("a")})
	putOff := func(version uuid.UUID) {
		_, err := f.PutOff(t.Context(), pair, version, store.Problem{Kind: "503", Why: "x"}, noon)
		require.NoError(t, err)
	}
	read := f.get(pair)
	putOff(read.Version)
	f.ring(noon, store.Ring{Pair: pair, Cause: swept})
	require.Empty(t, f.next(noon), "a sweep is no news")
	f.ring(noon, store.Ring{Pair: pair, Cause: ourEvent("a")})
	require.Empty(t, f.next(noon), "nor is a message that comes again")
	f.ring(noon, store.Ring{Pair: pair, Cause: ourEvent("b")})
	require.Len(t, f.next(noon), 1)
	require.Equal(t, 1, f.get(pair).Tries)

	putOff(read.Version)
	require.Len(t, f.next(noon), 1, "it rang while the turn failed")
	require.Equal(t, 2, f.get(pair).Tries)
}

func TestWaitUntil_isNoFailure(t *testing.T) {
	f, pair := newFixture(t), pairOf(t, 1)
	f.ring(noon, store.Ring{Pair: pair, Cause: deletedBy("a"), Deleted: 1})
	read := f.get(pair)
	_, err := f.PutOff(t.Context(), pair, read.Version, store.Problem{Kind: "503", Why: "x"}, noon)
	require.NoError(t, err)
	require.NoError(t, f.WaitUntil(t.Context(), pair, read.Version, noon.Add(time.Hour)))
	require.Zero(t, f.get(pair).Tries)
	require.Len(t, f.get(pair).Deletions, 1)
	require.Empty(t, f.next(noon.Add(time.Hour-1)))
	require.Len(t, f.next(noon.Add(time.Hour)), 1)
	f.ring(noon, store.Ring{Pair: pair, Cause: ourEvent("b")})
	require.NoError(t, f.WaitUntil(t.Context(), pair, read.Version, noon.Add(time.Hour)))
	require.Len(t, f.next(noon), 1, "it rang meanwhile")
}

func TestSpend_leavesWhatWasNamedSince(t *testing.T) {
	f, pair := newFixture(t), pairOf(t, 1)
	f.ring(noon, store.Ring{Pair: pair, Cause: deletedBy("a"), Deleted: 1}, store.Ring{Pair: pair, Cause: deletedBy("b"), Deleted: 12})
	read := f.get(pair).Deletions
	f.ring(noon.Add(time.Second), store.Ring{Pair: pair, Cause: deletedBy("c"), Deleted: 12})
	for _, deletion := range read {
		require.NoError(t, f.Spend(t.Context(), pair, deletion))
	}
	require.Equal(t, []store.Deletion{{Sequence: 12, ReceivedAt: noon.Add(time.Second)}}, f.get(pair).Deletions)
}

func TestBacklog_countsAndNamesTheOldest(t *testing.T) {
	f := newFixture(t)
	backlog, err := f.Backlog(t.Context())
	require.NoError(t, err)
	require.Zero(t, backlog)
	f.ring(noon.Add(time.Minute), store.Ring{Pair: pairOf(t, 1), Cause: ourEvent("a")})
	f.ring(noon, store.Ring{Pair: pairOf(t, 2), Cause: ourEvent("b")})
	f.ring(noon.Add(time.Hour), store.Ring{Pair: pairOf(t, 2), Cause: ourEvent("c")})
	backlog, err = f.Backlog(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, backlog.Pending)
	require.True(t, noon.Equal(backlog.Oldest))
}
