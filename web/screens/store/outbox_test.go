package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/web/screens/store"
)

func (f *fixture) claim(now time.Time, limit int) (ids []uuid.UUID, attempts []int) {
	f.t.Helper()
	claimed, err := f.ClaimViews(f.t.Context(), now, now.Add(time.Minute), limit)
	require.NoError(f.t, err)
	for _, v := range claimed {
		ids, attempts = append(ids, v.ID), append(attempts, v.Attempts)
	}
	return ids, attempts
}

// TestUnsentView_isClaimedUntilItIsSent, the oldest first.
func TestUnsentView_isClaimedUntilItIsSent(t *testing.T) {
	f := newFixture(t)
	one, two, three := view(1, nil), view(2, nil), view(3, nil)
	f.insert(three, one, two)
	ids, attempts := f.claim(noon, 2)
	require.Equal(t, []uuid.UUID{one.ID, two.ID}, ids)
	require.Equal(t, []int{1, 1}, attempts)
	ids, _ = f.claim(noon, 2)
	require.Equal(t, []uuid.UUID{three.ID}, ids, "others are claimed")
	ids, _ = f.claim(noon, 2)
	require.Empty(t, ids)

	require.NoError(t, f.MarkSent(t.Context(), one.ID))
	require.NoError(t, f.ReleaseViews(t.Context(), noon.Add(10*time.Second), three.ID))
	ids, _ = f.claim(noon.Add(9*time.Second), 5)
	require.Empty(t, ids)
	ids, attempts = f.claim(noon.Add(10*time.Second), 5)
	require.Equal(t, []uuid.UUID{three.ID}, ids)
	require.Equal(t, []int{2}, attempts)
	ids, _ = f.claim(noon.Add(time.Minute), 5)
	require.Equal(t, []uuid.UUID{two.ID}, ids, "its sender is gone")

	count, oldest, err := f.UnsentViews(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, count)
	require.WithinDuration(t, two.At, oldest, 0)
	require.NoError(t, f.MarkSent(t.Context(), two.ID, three.ID))
	count, oldest, err = f.UnsentViews(t.Context())
	require.NoError(t, err)
	require.Zero(t, count)
	require.True(t, oldest.IsZero())
}

// TestSenders_claimEachViewOnce at once.
func TestSenders_claimEachViewOnce(t *testing.T) {
	f := newFixture(t)
	for n := range 40 {
		f.insert(view(n, nil))
	}
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		seen  = map[uuid.UUID]int{}
	)
	for _, s := range []*store.Store{f.Store, f.process(1), f.process(1), f.process(1)} {
		group.Go(func() {
			for {
				claimed, err := s.ClaimViews(t.Context(), noon, noon.Add(time.Minute), 3)
				if err != nil {
					t.Error(err)
					return
				}
				if len(claimed) == 0 {
					return
				}
				mu.Lock()
				for _, v := range claimed {
					seen[v.ID]++
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for id, n := range seen {
		require.Equal(t, 1, n, id)
	}
	rest, _ := f.claim(noon, 100)
	require.Len(t, seen, 40-len(rest))
}
