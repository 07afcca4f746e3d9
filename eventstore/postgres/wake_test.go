package postgres_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
)

// patience bounds what must come; nothing is measured by it.
const patience = 20 * time.Second

// unpolled is a store whose subscriptions are woken, or sleep for the whole test.
func unpolled(t testing.TB, dsn string) *postgres.Store {
	return opened(t, dsn, postgres.Options{Poll: time.Hour})
}

// listening subscribes, and returns when the log has been read to its end; what
// comes then is in the channel.
func listening(t *testing.T, store eventstore.Store) <-chan eventstore.RecordedEvent {
	ctx, cancel := context.WithCancel(context.Background())
	live, seen, gone := make(chan struct{}), make(chan eventstore.RecordedEvent, 1000), make(chan struct{})
	go func() {
		defer close(gone)
		_ = store.Subscribe(ctx, eventstore.Start, nil, func(message eventstore.Message) error {
			switch message.Kind {
			case eventstore.CaughtUp:
				close(live)
			case eventstore.EventAppeared:
				seen <- message.Event
			case eventstore.Checkpoint:
			}
			return nil
		})
	}()
	t.Cleanup(func() { cancel(); <-gone })
	select {
	case <-live:
	case <-time.After(patience):
		require.Fail(t, "the subscription does not catch up")
	}
	return seen
}

func requireNext(t *testing.T, seen <-chan eventstore.RecordedEvent, position eventstore.Position, why string) {
	t.Helper()
	select {
	case event := <-seen:
		require.Equal(t, position, event.Position)
	case <-time.After(patience):
		require.Fail(t, "the subscription was not woken", why)
	}
}

// relistened waits until the store's listening connection is another one than
// before, and returns its process.
func relistened(t *testing.T, conn *pgx.Conn, dsn string, before int32) int32 {
	t.Helper()
	var found int32
	require.Eventually(t, func() bool {
		err := conn.QueryRow(t.Context(), "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND query = 'LISTEN eventstore' AND pid <> $2",
			nameOf(t, dsn), before).Scan(&found)
		return err == nil
	}, patience, time.Millisecond)
	return found
}

func TestAnotherProcess_isWokenWithoutPolling(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	writer, reader := open(t, dsn), unpolled(t, dsn)
	first, second := listening(t, reader), listening(t, reader)
	for i := range 50 {
		appended, err := writer.Append(t.Context(), newStream(body))
		require.NoError(t, err)
		for _, seen := range []<-chan eventstore.RecordedEvent{first, second} {
			requireNext(t, seen, appended.Position, "append "+strconv.Itoa(i))
		}
	}
}

// Its own appends and those of others come in turns, in every order of two.
func TestSubscription_isWokenByItsOwnProcessAndByOthers(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	stores := []*postgres.Store{unpolled(t, dsn), unpolled(t, dsn)}
	seen := listening(t, stores[0])
	for i, turn := range []int{0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 1, 0, 1} {
		appended, err := stores[turn].Append(t.Context(), newStream(body))
		require.NoError(t, err)
		requireNext(t, seen, appended.Position, fmt.Sprintf("append %d, of store %d", i, turn))
	}
}

// Every user who may connect can notify. A notification is checked once.
func TestFalseHint_keepsLaterWakeUps(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	writer, reader, other := open(t, dsn), unpolled(t, dsn), connect(t, dsn, "")
	seen := listening(t, reader)
	for _, channel := range []string{"eventstore", "EVENTSTORE", "read", "another"} {
		for _, payload := range []string{
			"9000000000000000000", "9223372036854775807", "9223372036854775808", "18446744073709551615", "-1", "0", "1", "", "what", "1 2", "1e9", "٣", `{"a":1}`,
		} {
			_, err := other.Exec(t.Context(), "SELECT pg_notify($1, $2)", channel, payload)
			require.NoError(t, err)
			for range 2 {
				appended, err := writer.Append(t.Context(), newStream(body))
				require.NoError(t, err)
				requireNext(t, seen, appended.Position, fmt.Sprintf("behind %q on %s", payload, channel))
			}
			appended, err := reader.Append(t.Context(), newStream(body))
			require.NoError(t, err)
			requireNext(t, seen, appended.Position, fmt.Sprintf("its own, behind %q on %s", payload, channel))
		}
	}
}

// A hint that one subscription has followed is not lost for another that was at
// work meanwhile.
func TestSlowSubscription_isWokenForWhatAQuickOneHasSeen(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	writer, reader := open(t, dsn), unpolled(t, dsn)
	slow := &lostLog{T: t, dsn: dsn, store: reader}
	seenSlowly, goOn := slow.stopsAt(1)
	seen := listening(t, reader)
	for range 3 {
		appended, err := writer.Append(t.Context(), newStream(body))
		require.NoError(t, err)
		requireNext(t, seen, appended.Position, "the quick one")
		if appended.Position.Commit == 1 {
			requireNext(t, seenSlowly, appended.Position, "the slow one")
		}
	}
	close(goOn)
	for position := range uint64(2) {
		requireNext(t, seenSlowly, eventstore.Position{Commit: position + 2, Prepare: position + 2}, "the slow one")
	}
}

// What was committed without a listener is found when there is one again.
func TestBrokenListener_losesNoWakeUp(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	writer, admin := open(t, dsn), connect(t, dsn, "postgres")
	first := relistened(t, admin, dsn, 0)
	reader := unpolled(t, dsn)
	seen := listening(t, reader)
	pid := relistened(t, admin, dsn, first)
	for i := range 5 {
		_, err := admin.Exec(t.Context(), "SELECT pg_terminate_backend($1)", pid)
		require.NoError(t, err)
		appended, err := writer.Append(t.Context(), newStream(body))
		require.NoError(t, err)
		requireNext(t, seen, appended.Position, fmt.Sprintf("break %d", i))
		require.Eventually(t, func() bool {
			var next int32
			err := admin.QueryRow(t.Context(), `SELECT pid FROM pg_stat_activity WHERE datname = $1 AND query = 'LISTEN eventstore'
				AND pid <> $2 AND pid <> $3`, nameOf(t, dsn), first, pid).Scan(&next)
			if err == nil {
				pid = next
			}
			return err == nil
		}, patience, time.Millisecond)
	}
}
