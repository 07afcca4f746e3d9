package whereabouts_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/queries/whereabouts"
)

// countedReads counts the reads of records and of versions, and holds those of records
// while held is locked.
type countedReads struct {
	*queries.Reader

	count, versions atomic.Int64
	held            sync.RWMutex
}

func (r *countedReads) Version(ctx context.Context, atLeast uint64) (queries.Version, uint64, error) {
	defer r.versions.Add(1)
	return r.Reader.Version(ctx, atLeast)
}

func (r *countedReads) OpenOf(ctx context.Context, numbers []domain.PrisonerNumber, today string, atLeast uint64) (queries.OpenRecords, error) {
	r.count.Add(1)
	r.held.RLock()
	defer r.held.RUnlock()
	return r.Reader.OpenOf(ctx, numbers, today, atLeast)
}

// crowd is a prison of three in one cell, of whom two are too close.
func crowd(t *testing.T) (*where, uuid.UUID) {
	t.Helper()
	w := newWhere(t)
	for _, number := range []domain.PrisonerNumber{"A1111AA", "B1111BB", "C1111CC"} {
		w.people.put(number, "XAA", "A-1-001")
	}
	return w, w.apart("A1111AA", "B1111BB", domain.TypeCell, longAgo)
}

// tooClose asks for who is too close at a position, and says how often records were read.
func (w *where) tooClose(atLeast uint64) (found whereabouts.TooClose, reads int64) {
	w.t.Helper()
	before := w.reads.count.Load()
	found, err := w.TooClose(w.t.Context(), "XAA", atLeast)
	require.NoError(w.t, err)
	return found, w.reads.count.Load() - before
}

// TestPrison_isReadAgainAfterAFact: what was gathered serves the pages until anything that
// it depends on is another, and no longer.
func TestPrison_isReadAgainAfterAFact(t *testing.T) {
	w, one := crowd(t)
	found, reads := w.tooClose(w.position)
	require.EqualValues(t, 1, reads)
	require.Equal(t, []uuid.UUID{one}, ids(found.TooClose.TooClose))
	_, reads = w.tooClose(0)
	require.Zero(t, reads)
	sheet, err := w.Sheet(t.Context(), "XAA", whereabouts.SheetFilter{}, 0)
	require.NoError(t, err)
	require.Len(t, sheet.Rows, 2)
	require.EqualValues(t, 1, w.reads.count.Load())

	w.pass(whereabouts.Fresh / 2)
	two := w.apart("A1111AA", "C1111CC", domain.TypeCell, longAgo)
	found, reads = w.tooClose(w.position)
	require.EqualValues(t, 1, reads, "a fact")
	require.Equal(t, w.position, found.Position)
	require.ElementsMatch(t, []uuid.UUID{one, two}, ids(found.TooClose.TooClose))

	w.people.put("C1111CC", "XAA", "B-1-001")
	w.pass(whereabouts.Fresh / 2)
	found, reads = w.tooClose(0)
	require.EqualValues(t, 1, reads, "the locations")
	require.Equal(t, []uuid.UUID{one}, ids(found.TooClose.TooClose))
}

// TestPrison_hasThePositionOfEachRead: an event of others moves the position alone.
func TestPrison_hasThePositionOfEachRead(t *testing.T) {
	w, _ := crowd(t)
	w.tooClose(w.position)
	_, err := w.conn.Exec(t.Context(), `UPDATE read_1.checkpoint SET "commit" = "commit" + 100, prepare = prepare + 100`)
	require.NoError(t, err)
	found, reads := w.tooClose(w.position + 100)
	require.Zero(t, reads)
	require.Equal(t, w.position+100, found.Position)
}

// TestPrison_isReadAgainTheNextDay: a record that begins then is judged then.
func TestPrison_isReadAgainTheNextDay(t *testing.T) {
	w, _ := crowd(t)
	w.apart("B1111BB", "C1111CC", domain.TypeCell, "2026-07-16T00:00:00")
	w.pass(12*time.Hour - time.Second)
	found, _ := w.tooClose(w.position)
	require.Len(t, found.TooClose.TooClose, 1)
	w.pass(time.Second)
	found, reads := w.tooClose(0)
	require.EqualValues(t, 1, reads)
	require.Len(t, found.TooClose.TooClose, 2)
}

// TestPrison_isReadAgainWhileTheDirectoryIsAway: the places of the others do not stand
// longer than a minute without being asked for.
func TestPrison_isReadAgainWhileTheDirectoryIsAway(t *testing.T) {
	w, _ := crowd(t)
	w.apart("A1111AA", "D1111DD", domain.TypeCell, longAgo)
	found, _ := w.tooClose(w.position)
	require.False(t, found.OthersUnread)
	w.search.Down(true)
	_, reads := w.tooClose(0)
	require.Zero(t, reads)
	w.pass(whereabouts.Fresh)
	for range 2 {
		found, reads = w.tooClose(0)
		require.EqualValues(t, 1, reads, "what is not whole is not kept")
		require.True(t, found.OthersUnread)
	}
}

// TestPrison_isReadOnceForAllWhoAsk: one read serves all who ask the same meanwhile, and
// whoever leaves does not end it.
func TestPrison_isReadOnceForAllWhoAsk(t *testing.T) {
	w, one := crowd(t)
	_, err := w.Locations().Of(t.Context(), "XAA")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return w.reads.WaitFor(t.Context(), w.position) == nil }, time.Minute, time.Millisecond)
	w.reads.held.Lock()
	leaving, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := w.TooClose(leaving, "XAA", 0)
		left <- err
	}()
	require.Eventually(t, func() bool { return w.reads.count.Load() == 1 }, time.Minute, time.Millisecond)
	var waiting sync.WaitGroup
	answers := make(chan whereabouts.TooClose, 20)
	for range cap(answers) {
		waiting.Go(func() {
			if found, err := w.TooClose(t.Context(), "XAA", 0); err == nil {
				answers <- found
			}
		})
	}
	require.Eventually(t, func() bool { return w.reads.versions.Load() == 21 }, time.Minute, time.Millisecond)
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	w.reads.held.Unlock()
	waiting.Wait()
	close(answers)
	require.Len(t, answers, cap(answers))
	require.EqualValues(t, 1, w.reads.count.Load())
	for found := range answers {
		require.True(t, slices.Equal([]uuid.UUID{one}, ids(found.TooClose.TooClose)))
	}
}
