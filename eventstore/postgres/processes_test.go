package postgres_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/localpg"
	"nonassociations/internal/dev/testdb"
)

// follow collects what a subscription delivers until it has n events.
func follow(ctx context.Context, store eventstore.Store, from eventstore.Position, n int) ([]eventstore.RecordedEvent, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var seen []eventstore.RecordedEvent
	err := store.Subscribe(ctx, from, nil, func(message eventstore.Message) error {
		if message.Kind == eventstore.EventAppeared {
			seen = append(seen, message.Event)
		}
		if len(seen) == n {
			cancel()
		}
		return nil
	})
	if len(seen) == n {
		return seen, nil
	}
	return seen, err
}

// Two stores on one database are two processes: each has its own lanes and knows
// of the other only what Postgres says.
func TestProcesses_shareOneLog(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 50
	dsn := migrated(t)
	stores := []*postgres.Store{open(t, dsn), open(t, dsn)}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	seen := make([][]eventstore.RecordedEvent, len(stores))
	var group errgroup.Group
	for i, store := range stores {
		group.Go(func() (err error) {
			seen[i], err = follow(ctx, store, eventstore.Start, len(stores)*writers*each)
			return err
		})
		for w := range writers {
			group.Go(func() error {
				for revision := range each {
					_, err := store.Append(ctx, eventstore.Append{
						Stream:   strconv.Itoa(i) + "-" + strconv.Itoa(w),
						Expected: eventstore.Expected(revision - 1), Events: events(1),
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	require.NoError(t, group.Wait())
	require.Equal(t, seen[0], seen[1])
	read, err := stores[0].ReadAll(ctx, eventstore.Forwards, eventstore.Start, len(seen[0])+1)
	require.NoError(t, err)
	require.Equal(t, read, seen[0], "what a process wrote itself it did not read back")
	next := map[string]uint64{}
	for i, event := range seen[0] {
		require.Equal(t, uint64(i+1), event.Position.Commit, "positions are dense")
		require.Equal(t, next[event.Stream], event.Revision)
		next[event.Stream]++
	}
}

func TestCommit_notifiesOtherProcesses(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store, listener := open(t, dsn), connect(t, dsn, "")
	_, err := listener.Exec(t.Context(), "LISTEN eventstore")
	require.NoError(t, err)
	appended, err := store.Append(t.Context(), newStream(body))
	require.NoError(t, err)
	notification, err := listener.WaitForNotification(t.Context())
	require.NoError(t, err)
	require.Equal(t, strconv.FormatUint(appended.Position.Commit, 10), notification.Payload)
}

func TestFalseHint_losesNothing(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store, other := open(t, dsn), connect(t, dsn, "")
	for _, payload := range []string{"9000000000000000000", "-1", "", "what"} {
		_, err := other.Exec(t.Context(), "SELECT pg_notify('eventstore', $1)", payload)
		require.NoError(t, err)
	}
	_, err := open(t, dsn).Append(t.Context(), newStream(body))
	require.NoError(t, err)
	_, err = follow(t.Context(), store, eventstore.Start, 1)
	require.NoError(t, err)
}

func TestListeningConnection_comesBack(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	open(t, dsn)
	admin, name := connect(t, dsn, "postgres"), nameOf(t, dsn)
	var before int32
	listens := func() bool { // the one connection, and not the one before
		var pids []int32
		err := admin.QueryRow(t.Context(), "SELECT array_agg(pid) FROM pg_stat_activity WHERE datname = $1 AND query = 'LISTEN eventstore'", name).Scan(&pids)
		if err != nil || len(pids) != 1 || pids[0] == before {
			return false
		}
		before = pids[0]
		return true
	}
	require.Eventually(t, listens, 10*time.Second, 5*time.Millisecond)
	terminate(t, admin, name)
	require.Eventually(t, listens, 10*time.Second, 5*time.Millisecond)
}

// What a terminated connection carried is unknown to its caller; the next call
// has a new one.
func TestConnections_thatAreCutAreReplaced(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store := open(t, dsn)
	admin, name := connect(t, dsn, "postgres"), nameOf(t, dsn)
	for range 3 {
		same := newStream(body)
		_, err := store.Append(t.Context(), same)
		require.NoError(t, err)
		terminate(t, admin, name)
		read, err := store.ReadStream(t.Context(), same.Stream, eventstore.Forwards, 0, 1)
		require.NoError(t, err, "a read is repeated at once")
		require.Len(t, read, 1)
		require.NoError(t, store.ReadMany(t.Context(), []string{same.Stream})[0].Err)
		require.Eventually(t, func() bool {
			_, err := store.Append(t.Context(), same)
			return err == nil
		}, 10*time.Second, time.Millisecond)
	}
	all, err := store.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 10)
	require.NoError(t, err)
	require.Len(t, all, 3)
}

func TestPostgres_crashesAndReturns(t *testing.T) {
	t.Parallel()
	options := localpg.Options{Dir: t.TempDir(), Durable: true}
	server, err := localpg.Start(t.Context(), options)
	require.NoError(t, err)
	dsn := server.DSN("postgres")
	require.NoError(t, postgres.Migrate(t.Context(), dsn))
	store := open(t, dsn)
	same := newStream(body)
	first, err := store.Append(t.Context(), same)
	require.NoError(t, err)

	require.NoError(t, server.Crash(t.Context()))
	_, err = store.Append(t.Context(), newStream(body))
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	require.ErrorIs(t, store.ReadMany(t.Context(), []string{same.Stream})[0].Err, eventstore.ErrUnavailable)

	server, err = localpg.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	again, err := store.Append(t.Context(), same)
	require.NoError(t, err)
	require.Equal(t, first, again)
}

// TestClose_doesNotHangWithPostgres: the driver would wait for as long as
// Postgres does.
func TestClose_doesNotHangWithPostgres(t *testing.T) {
	t.Parallel()
	server := testdb.NewServer(t)
	require.NoError(t, postgres.Migrate(t.Context(), server.DSN()))
	store, err := postgres.Open(t.Context(), server.DSN(), postgres.Options{})
	require.NoError(t, err)
	_, err = store.Append(t.Context(), newStream(body))
	require.NoError(t, err)
	resume := server.Suspend(t)
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = store.ReadAll(short, eventstore.Forwards, eventstore.Start, 10)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	closed := make(chan error, 1)
	go func() { closed <- store.Close(short) }()
	select {
	case err := <-closed:
		require.ErrorIs(t, err, context.DeadlineExceeded)
	case <-time.After(5 * time.Second):
		require.Fail(t, "it hangs")
	}
	resume()
	require.NoError(t, store.Close(t.Context()), "what was left has ended since")
}
