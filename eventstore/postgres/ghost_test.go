package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// A log may come back without its last commits, as one that is restored does, and
// then be written by others. Whatever this process heard last of its Postgres, a
// broken listener or an append without an answer, its subscriptions deliver the
// log and never what it has in memory of the log before.
func TestCache_ofALogThatWentAwayIsNotDelivered(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(l *lostLog){
		"a broken listener":            (*lostLog).breakListener,
		"an append that was cut off":   (*lostLog).cutAppend,
		"an append that took too long": (*lostLog).holdAppend,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, other := newLostLog(t)
			seen, goOn := l.stopsAt(3)
			for position := range uint64(5) {
				_, err := l.store.Append(t.Context(), newStream(body))
				require.NoError(t, err)
				if position < 3 { // the others are in memory, and not asked for yet
					require.Equal(t, position+1, (<-seen).Position.Commit)
				}
			}

			l.losesAllBehind(3)
			for range 2 {
				_, err := other.Append(t.Context(), newStream(body))
				require.NoError(t, err)
			}
			fault(l)
			close(goOn)
			read, err := other.ReadAll(t.Context(), eventstore.Forwards, eventstore.Position{Commit: 4, Prepare: 4}, 10)
			require.NoError(t, err)
			for _, event := range read {
				select {
				case got := <-seen:
					require.Equal(t, event.ID, got.ID)
					require.Equal(t, event.Position, got.Position)
				case <-time.After(patience):
					require.Fail(t, "the log is not delivered")
				}
			}
		})
	}
}

// What was old news in the log before is new in the one that came back.
func TestLog_thatCameBackShorterWakesItsSubscriptions(t *testing.T) {
	t.Parallel()
	l, other := newLostLog(t)
	for range 5 {
		_, err := l.store.Append(t.Context(), newStream(body))
		require.NoError(t, err)
	}
	l.losesAllBehind(3)
	l.breakListener()
	seen := listening(t, l.store)
	for position := range uint64(6) {
		if position >= 3 {
			_, err := other.Append(t.Context(), newStream(body))
			require.NoError(t, err)
		}
		requireNext(t, seen, eventstore.Position{Commit: position + 1, Prepare: position + 1}, "the log goes on")
	}
}

// lostLog is a log that has lost its last commits, and a store that wrote them.
type lostLog struct {
	*testing.T

	dsn          string
	admin, owner *pgx.Conn
	store        eventstore.Store
	others       int32 // the process of the other store's listener
}

func newLostLog(t *testing.T) (l *lostLog, other eventstore.Store) {
	dsn := migrated(t)
	l = &lostLog{T: t, dsn: dsn, admin: connect(t, dsn, "postgres"), owner: connect(t, dsn, "")}
	other = open(t, dsn)
	l.others = relistened(t, l.admin, dsn, 0)
	l.store = unpolled(t, dsn)
	return l, other
}

func (l *lostLog) losesAllBehind(position int) {
	_, err := l.owner.Exec(l.Context(), fmt.Sprintf(`ALTER TABLE eventstore.events DISABLE TRIGGER append_only;
		DELETE FROM eventstore.events WHERE position > %d; ALTER TABLE eventstore.events ENABLE ALWAYS TRIGGER append_only`, position))
	require.NoError(l, err)
}

// stopsAt subscribes live; the n-th event is in the channel and not done with
// before goOn is closed.
func (l *lostLog) stopsAt(n int) (seen <-chan eventstore.RecordedEvent, goOn chan struct{}) {
	events, live, goOn := make(chan eventstore.RecordedEvent, 100), make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		count := 0
		_ = l.store.Subscribe(ctx, eventstore.Start, nil, func(message eventstore.Message) error {
			if message.Kind == eventstore.CaughtUp {
				close(live)
			}
			if message.Kind != eventstore.EventAppeared {
				return nil
			}
			events <- message.Event
			if count++; count == n {
				select {
				case <-goOn:
				case <-ctx.Done():
				}
			}
			return nil
		})
	}()
	l.Cleanup(func() { cancel(); <-gone })
	<-live
	return events, goOn
}

func (l *lostLog) breakListener() {
	pid := relistened(l.T, l.admin, l.dsn, l.others)
	_, err := l.admin.Exec(l.Context(), "SELECT pg_terminate_backend($1, 5000)", pid)
	require.NoError(l, err)
	require.Eventually(l, func() bool {
		var listeners int
		err := l.admin.QueryRow(l.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND query = 'LISTEN eventstore' AND pid NOT IN ($2, $3)",
			nameOf(l, l.dsn), l.others, pid).Scan(&listeners)
		return err == nil && listeners == 1
	}, patience, time.Millisecond)
}

// waitingAppend asks an append that waits for the lock of tx.
func (l *lostLog) waitingAppend() (tx pgx.Tx, ended <-chan error) {
	tx = hold(l.T, l.dsn)
	done := make(chan error, 1)
	go func() {
		_, err := l.store.Append(context.Background(), newStream(body))
		done <- err
	}()
	require.Eventually(l, func() bool {
		var waiting bool
		err := l.admin.QueryRow(l.Context(), fmt.Sprintf("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = '%s' AND wait_event = 'advisory')", nameOf(l, l.dsn))).Scan(&waiting)
		return err == nil && waiting
	}, patience, time.Millisecond)
	return tx, done
}

func (l *lostLog) cutAppend() {
	tx, ended := l.waitingAppend()
	_, err := l.admin.Exec(l.Context(), "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'advisory'", nameOf(l, l.dsn))
	require.NoError(l, err)
	require.ErrorIs(l, <-ended, eventstore.ErrUnavailable)
	require.NoError(l, tx.Rollback(l.Context()))
}

func (l *lostLog) holdAppend() {
	tx, ended := l.waitingAppend()
	require.ErrorIs(l, <-ended, eventstore.ErrUnavailable)
	require.NoError(l, tx.Rollback(l.Context()))
}
