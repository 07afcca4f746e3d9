package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence/store"
)

// TestOnce_ofManyAtTheSameTime does the act once, and gives everybody what was done.
func TestOnce_ofManyAtTheSameTime(t *testing.T) {
	t.Parallel()
	one, dsn := open(t)
	other, err := store.Open(t.Context(), dsn) // another process
	require.NoError(t, err)
	defer other.Close()
	watcher, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, watcher.Close(t.Context())) }()
	const presses = 6
	othersWait := func() bool {
		var waiting int
		err := watcher.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&waiting)
		return err == nil && waiting == presses-1
	}
	var done atomic.Int32
	var pressed sync.WaitGroup
	for i := range presses {
		pressed.Go(func() {
			s := []*store.Store{one, other}[i%2]
			got, err := s.Once(t.Context(), act("JSMITH", 0), func(context.Context) (string, error) {
				count := done.Add(1)
				require.Eventually(t, othersWait, 20*time.Second, 5*time.Millisecond, "the others do not wait")
				return fmt.Sprintf("Done %d times", count), nil
			})
			require.NoError(t, err)
			require.Equal(t, "Done 1 times", got.Done)
			require.Equal(t, act("JSMITH", 0).ID, got.ID)
		})
	}
	pressed.Wait()
	require.EqualValues(t, 1, done.Load())
	all, _, err := one.Actions(t.Context(), store.Filter{})
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, "Done 1 times", all[0].Done)
	require.Equal(t, store.Done, all[0].Outcome)
}

func TestOnce_recordsHowTheActEnded(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	fault := errors.New("the backend is away")
	for i, c := range []struct {
		err  error
		want store.Outcome
	}{{fault, store.Failed}, {fmt.Errorf("%w: not parked", store.ErrRefused), store.Refused}, {nil, store.Done}} {
		_, err := s.Once(t.Context(), act("JSMITH", 7), func(context.Context) (string, error) { return "Sent", c.err })
		require.ErrorIs(t, err, c.err)
		all, _, err := s.Actions(t.Context(), store.Filter{})
		require.NoError(t, err)
		require.Len(t, all, i+1, "one that failed can be tried again")
		found := false
		for _, a := range all {
			found = found || a.Outcome == c.want && (a.Done == "Sent") == (c.err == nil)
		}
		require.True(t, found, "%s", c.want)
	}
}

func TestOnce_ofWhatIsNotBegun(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	_, err := s.Once(t.Context(), act("JSMITH", 0), func(context.Context) (string, error) {
		return "", fmt.Errorf("%w: another plan", store.ErrNotBegun)
	})
	require.ErrorIs(t, err, store.ErrNotBegun)
	all, _, err := s.Actions(t.Context(), store.Filter{})
	require.NoError(t, err)
	require.Empty(t, all)
}

// TestOnce_isOfItsUserAndObject: the id of another act opens nothing, and tells nobody what
// somebody else did.
func TestOnce_isOfItsUserAndObject(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	first := act("JSMITH", 0)
	first.Done = "Sent"
	require.NoError(t, s.Record(t.Context(), first))
	for _, change := range []func(*store.Action){
		func(a *store.Action) { a.User = "AJONES" }, func(a *store.Action) { a.Object = "another event" }, func(a *store.Action) { a.Action = "publish parked retry" },
	} {
		a := act("JSMITH", 0)
		change(&a)
		got, err := s.Once(t.Context(), a, func(context.Context) (string, error) {
			require.Fail(t, "it was done")
			return "", nil
		})
		require.ErrorIs(t, err, store.ErrNotBegun)
		require.Empty(t, got.Done)
	}
}

// TestOnce_ofACallerWhoHasLeft is recorded all the same.
func TestOnce_ofACallerWhoHasLeft(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	ctx, leave := context.WithCancel(t.Context())
	_, err := s.Once(ctx, act("JSMITH", 0), func(context.Context) (string, error) { leave(); return "Sent", nil })
	require.NoError(t, err)
	all, _, err := s.Actions(t.Context(), store.Filter{})
	require.NoError(t, err)
	require.Len(t, all, 1)
}

// TestOnce_thatCouldNotBeRecorded does nothing.
func TestOnce_thatCouldNotBeRecorded(t *testing.T) {
	t.Parallel()
	s, dsn := open(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), `DROP TABLE evidence.action`)
	require.NoError(t, err)
	_, err = s.Once(t.Context(), act("JSMITH", 0), func(context.Context) (string, error) {
		require.Fail(t, "it was done")
		return "", nil
	})
	require.Error(t, err)
}
