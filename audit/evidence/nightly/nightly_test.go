package nightly_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/audit/evidence/nightly"
	"nonassociations/audit/evidence/store"
	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/testdb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

var (
	tables  = testdb.NewTemplate(store.Migrate)
	morning = time.Date(2026, 5, 10, 3, 30, 0, 0, domaintest.London)
)

// night is a database with processes that make checks.
type night struct {
	t    *testing.T
	dsn  string
	tree store.Tree
	now  atomic.Pointer[time.Time]
	mu   sync.Mutex
	said bytes.Buffer
}

func newNight(t *testing.T) *night {
	t.Helper()
	n := &night{t: t, dsn: tables.New(t)}
	opened, err := store.Open(t.Context(), n.dsn)
	require.NoError(t, err)
	t.Cleanup(opened.Close)
	n.tree = opened.Tree()
	n.at(morning)
	return n
}

func (n *night) at(now time.Time) { n.now.Store(&now) }

func (n *night) Write(line []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.said.Write(line)
}

func (n *night) log() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.said.String()
}

type judge = func(ctx context.Context, from int64) (nightly.Finding, error)

// start starts a process whose check of the log is judged as given.
func (n *night) start(of judge) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		nightly.Run(ctx, nightly.Options{
			DSN: n.dsn, Kept: n.tree, Checks: []nightly.Check{{Name: store.LogCheck, Judge: of}}, At: timeOfDay(n.t, "03:30"),
			Clock: func() time.Time { return *n.now.Load() }, Logger: slog.New(slog.NewJSONHandler(n, nil)),
			Intervals: nightly.Intervals{Look: 5 * time.Millisecond, First: time.Millisecond, Most: 5 * time.Millisecond},
		})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	n.t.Cleanup(stop)
	return stop
}

// kept waits for the newest result to be of a time.
func (n *night) kept(at time.Time) (last store.Check) {
	n.t.Helper()
	require.Eventually(n.t, func() bool {
		all, err := n.tree.LastChecks(n.t.Context())
		if err == nil && len(all) == 1 {
			last = all[0]
		}
		return last.At.Equal(at)
	}, patience, 5*time.Millisecond)
	return last
}

func good(size int64) (nightly.Finding, error) {
	return nightly.Finding{OK: true, Result: map[string]any{"ok": true}, HeadSize: &size}, nil
}

// TestNight_beginsAtTheLastGoodHead, which a bad night does not move.
func TestNight_beginsAtTheLastGoodHead(t *testing.T) {
	t.Parallel()
	n := newNight(t)
	bad, from := atomic.Bool{}, atomic.Int64{}
	n.start(func(_ context.Context, size int64) (nightly.Finding, error) {
		from.Store(size)
		found, err := good(size + 10)
		if bad.Load() {
			found.OK, found.Total, found.Result = false, 3, map[string]any{"ok": false, "problemsTotal": 3}
		}
		return found, err
	})
	for day, c := range []struct {
		bad  bool
		from int64
	}{{false, 0}, {false, 10}, {true, 20}, {true, 20}, {false, 20}, {false, 30}} {
		bad.Store(c.bad)
		now := morning.AddDate(0, 0, day)
		n.at(now)
		last := n.kept(now)
		require.Equal(t, c.from, from.Load(), day)
		require.Equal(t, !c.bad, last.OK)
		if c.bad {
			require.JSONEq(t, `{"ok": false, "problemsTotal": 3}`, string(last.Result))
			require.Nil(t, last.HeadSize)
		}
	}
	require.Equal(t, 2, strings.Count(n.log(), "found something wrong"), "each finding is logged once")
	require.Contains(t, n.log(), nightly.Runbook)
}

// TestNight_thatCannotBeJudgedIsTriedAgain and leaves no result.
func TestNight_thatCannotBeJudgedIsTriedAgain(t *testing.T) {
	t.Parallel()
	n := newNight(t)
	away, tries := atomic.Bool{}, atomic.Int64{}
	away.Store(true)
	n.start(func(context.Context, int64) (nightly.Finding, error) {
		tries.Add(1)
		if away.Load() {
			return nightly.Finding{}, errors.New("the store is away")
		}
		return good(1)
	})
	require.Eventually(t, func() bool { return tries.Load() >= 3 }, patience, time.Millisecond)
	all, err := n.tree.LastChecks(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
	later := morning.Add(2 * time.Hour)
	n.at(later)
	away.Store(false)
	require.Eventually(t, func() bool {
		all, err = n.tree.LastChecks(t.Context())
		return err == nil && len(all) == 1
	}, patience, time.Millisecond)
	require.Contains(t, n.log(), "could not be made, retrying")
}

// TestNight_isOfOneProcess lets four processes look at the same hour.
func TestNight_isOfOneProcess(t *testing.T) {
	t.Parallel()
	n := newNight(t)
	n.at(morning.Add(-time.Minute))
	inside, most, made := atomic.Int64{}, atomic.Int64{}, atomic.Int64{}
	for range 4 {
		n.start(func(ctx context.Context, _ int64) (nightly.Finding, error) {
			most.Store(max(most.Load(), inside.Add(1)))
			defer inside.Add(-1)
			// All others have seen the hour as well.
			waiting := func() bool { return strings.Count(n.log(), "another process holds the lease") >= 3 }
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for !waiting() && ctx.Err() == nil {
				<-tick.C
			}
			made.Add(1)
			return good(1)
		})
	}
	n.at(morning)
	n.kept(morning)
	n.at(morning.AddDate(0, 0, 1))
	n.kept(morning.AddDate(0, 0, 1))
	require.EqualValues(t, 1, most.Load())
	require.EqualValues(t, 2, made.Load())
}

// TestNight_endsWithItsContext in the middle of a check, and keeps nothing of it.
func TestNight_endsWithItsContext(t *testing.T) {
	t.Parallel()
	n := newNight(t)
	begun := make(chan struct{})
	stop := n.start(func(ctx context.Context, _ int64) (nightly.Finding, error) {
		close(begun)
		<-ctx.Done()
		return nightly.Finding{}, ctx.Err()
	})
	<-begun
	stop()
	all, err := n.tree.LastChecks(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
	require.NotContains(t, n.log(), "retrying", "an end is no fault")
	n.start(func(context.Context, int64) (nightly.Finding, error) { return good(1) })
	n.kept(morning)
}
