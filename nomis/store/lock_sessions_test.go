package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/nomis/store"
)

func (f fixture) sessions(wait func(context.Context, time.Duration) error) *store.LockSessions {
	f.t.Helper()
	s := store.NewLockSessions(f.dsn, wait)
	f.t.Cleanup(s.Close)
	return s
}

func TestLockSessions_waitForATurnThatWorksOnThePair(t *testing.T) {
	f, pair, waits := newFixture(t), pairOf(t, 1), 0
	other := f.locks()
	mustLock(t, other, pair, true)
	wait := func(ctx context.Context, _ time.Duration) error {
		if waits++; waits == 3 {
			other.Unlock(ctx, pair)
		}
		return nil
	}
	s, did := f.sessions(wait), false
	require.NoError(t, s.With(t.Context(), pair, func(ctx context.Context, held *store.PairLocks) error {
		did = true
		mustLock(t, other, pair, false)
		return held.Confirm(ctx)
	}))
	require.True(t, did)
	mustLock(t, other, pair, true)

	err := s.With(t.Context(), pair, func(context.Context, *store.PairLocks) error { panic("it has no lock") })
	require.ErrorIs(t, err, store.ErrNotLocked)
	require.ErrorIs(t, err, store.ErrPairBusy)
	fault := errors.New("the caller left")
	s = f.sessions(func(context.Context, time.Duration) error { return fault })
	require.ErrorIs(t, s.With(t.Context(), pair, nil), fault)
}

func TestLockSessions_openAnotherOneWhenOneIsLost(t *testing.T) {
	f, pair := newFixture(t), pairOf(t, 1)
	s, fault := f.sessions(nil), errors.New("a fault of its own")
	err := s.With(t.Context(), pair, func(ctx context.Context, held *store.PairLocks) error {
		f.exec(killLocks)
		<-held.Lost()
		<-ctx.Done()
		require.ErrorIs(t, context.Cause(ctx), store.ErrLocksLost)
		return fault
	})
	require.Equal(t, fault, err)
	require.NoError(t, s.With(t.Context(), pair, func(ctx context.Context, held *store.PairLocks) error { return held.Confirm(ctx) }))
	away := store.NewLockSessions("postgres://127.0.0.1:1/none", nil)
	defer away.Close()
	require.ErrorIs(t, away.With(t.Context(), pair, nil), store.ErrNotLocked)
}
