package store_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/store"
)

const killLocks = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	WHERE datname = current_database() AND application_name = 'nonassociations nomis pairs'`

func mustLock(t *testing.T, l *store.PairLocks, pair domain.Pair, expected bool) {
	t.Helper()
	locked, err := l.TryLock(t.Context(), pair)
	require.NoError(t, err)
	require.Equal(t, expected, locked)
}

// eventuallyLocks waits for the end of another session: the server ends it a moment
// after its client.
func eventuallyLocks(t *testing.T, l *store.PairLocks, pair domain.Pair) {
	t.Helper()
	require.Eventually(t, func() bool {
		locked, err := l.TryLock(t.Context(), pair)
		return err == nil && locked
	}, patience, poll)
}

func TestPairLocks_letOneHaveAPair(t *testing.T) {
	f := newFixture(t)
	one, other, pair := f.locks(), f.locks(), pairOf(t, 1)
	mustLock(t, one, pair, true)
	mustLock(t, one, pair, false) // another turn of the same process
	mustLock(t, other, pair, false)
	mustLock(t, other, pairOf(t, 2), true)
	other.Unlock(t.Context(), pair) // it is not its own
	mustLock(t, other, pair, false)
	one.Unlock(t.Context(), pair)
	mustLock(t, other, pair, true)
	other.Close()
	eventuallyLocks(t, one, pair)
}

// A caller who leaves must not break the session that holds the locks of all.
func TestPairLocks_outliveACancelledCaller(t *testing.T) {
	f := newFixture(t)
	one, other := f.locks(), f.locks()
	mustLock(t, one, pairOf(t, 1), true)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := one.TryLock(gone, pairOf(t, 2))
	require.NoError(t, err)
	one.Unlock(gone, pairOf(t, 2))
	mustLock(t, other, pairOf(t, 1), false)
	mustLock(t, other, pairOf(t, 2), true)
}

func TestPairLocks_aKilledSessionIsNoticedWhileItIsIdle(t *testing.T) {
	f := newFixture(t)
	held := f.locks()
	mustLock(t, held, pairOf(t, 1), true)
	ctx, cancel := held.WithLocks(t.Context())
	defer cancel()
	require.NoError(t, ctx.Err())
	f.exec(killLocks)
	select {
	case <-held.Lost():
	case <-time.After(patience):
		t.Fatal("the loss is not noticed")
	}
	<-ctx.Done()
	require.ErrorIs(t, context.Cause(ctx), store.ErrLocksLost)
	_, err := held.TryLock(t.Context(), pairOf(t, 1))
	require.ErrorIs(t, err, store.ErrLocksLost)
	held.Unlock(t.Context(), pairOf(t, 1)) // does nothing
	eventuallyLocks(t, f.locks(), pairOf(t, 1))
}

func TestPairLocks_aFailedStatementIsALoss(t *testing.T) {
	f := newFixture(t)
	held, other := f.locks(), f.locks()
	require.NoError(t, held.Confirm(t.Context()))
	f.exec(killLocks)
	require.ErrorIs(t, held.Confirm(t.Context()), store.ErrLocksLost)
	_, err := other.TryLock(t.Context(), pairOf(t, 1))
	require.ErrorIs(t, err, store.ErrLocksLost)
	<-held.Lost()
	f.ring(noon, store.Ring{Pair: pairOf(t, 1), Cause: ourEvent("a")})
	_, err = f.Claim(t.Context(), held, noon, 1)
	require.ErrorIs(t, err, store.ErrLocksLost)
}

func TestClaim_passesOverWhatOthersHoldOrIsNotDue(t *testing.T) {
	f := newFixture(t)
	one, other := f.locks(), f.locks()
	for n := range 6 {
		f.ring(noon.Add(time.Duration(n)*time.Second), store.Ring{Pair: pairOf(t, n), Cause: ourEvent("a")})
	}
	mustLock(t, other, pairOf(t, 0), true)
	mustLock(t, one, pairOf(t, 2), true)
	claimed, err := f.Claim(t.Context(), one, noon.Add(4*time.Second), 2)
	require.NoError(t, err)
	require.Equal(t, []domain.Pair{pairOf(t, 1), pairOf(t, 3)}, []domain.Pair{claimed[0].Pair, claimed[1].Pair})
	claimed, err = f.Claim(t.Context(), one, noon.Add(4*time.Second), 10)
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	require.Equal(t, pairOf(t, 4), claimed[0].Pair)
}

// Two processes empty the bell: no pair is worked on by both at once, and what rings
// during a turn gets another one.
func TestClaim_twoProcessesRaceAndNoPairIsLost(t *testing.T) {
	f := newFixture(t)
	const pairs = 40
	for n := range pairs {
		f.ring(noon, store.Ring{Pair: pairOf(t, n), Cause: ourEvent("first")})
	}
	var mu sync.Mutex
	working, turns := map[domain.Pair]bool{}, map[domain.Pair]int{}
	begin := func(pair domain.Pair) (first bool) {
		mu.Lock()
		defer mu.Unlock()
		if working[pair] {
			t.Errorf("%s is worked on twice", pair)
		}
		working[pair] = true
		turns[pair]++
		return turns[pair] == 1
	}
	end := func(pair domain.Pair) {
		mu.Lock()
		defer mu.Unlock()
		working[pair] = false
	}
	var processes sync.WaitGroup
	for i := range 2 {
		s, locks := open(t, f.dsn), f.locks()
		for worker := range 3 {
			processes.Go(func() {
				for {
					rows, err := s.Claim(t.Context(), locks, noon, 3)
					if err != nil {
						t.Error(err)
						return
					}
					if len(rows) == 0 && pending(t, s) == 0 {
						return
					}
					for _, row := range rows {
						if begin(row.Pair) {
							again := store.Ring{Pair: row.Pair, Cause: ourEvent(strconv.Itoa(i*10 + worker))}
							if err := s.Ring(t.Context(), noon, again); err != nil {
								t.Error(err)
							}
						}
						if _, err := s.Done(t.Context(), row.Pair, row.Version); err != nil {
							t.Error(err)
						}
						end(row.Pair)
						locks.Unlock(t.Context(), row.Pair)
					}
				}
			})
		}
	}
	processes.Wait()
	require.Len(t, turns, pairs)
	for pair, n := range turns {
		require.Equal(t, 2, n, pair)
	}
}

func pending(t *testing.T, s *store.Store) int {
	backlog, err := s.Backlog(t.Context())
	if err != nil {
		t.Error(err)
	}
	return backlog.Pending
}
