package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// appendKey is the lock of eventstore.append.
const appendKey = 7305810324571

// A text that Postgres cannot store spoils the whole statement; only its own
// append may fail by it.
func TestOneBadQuestionCostsNobodyElseAnything(t *testing.T) {
	t.Parallel()
	store := open(t, migrated(t))
	bad := newStream(body)
	bad.Events[0].Type = "with\x00zero"
	good := []eventstore.Append{newStream(body), newStream(body)}
	outcomes := store.AppendMany(t.Context(), []eventstore.Append{good[0], bad, good[1]})
	require.NoError(t, outcomes[0].Err)
	require.NoError(t, outcomes[2].Err)
	require.Error(t, outcomes[1].Err)
	require.NotErrorIs(t, outcomes[1].Err, eventstore.ErrUnavailable, "repeating is no use")

	streams := store.ReadMany(t.Context(), []string{good[0].Stream, "not \xff UTF-8", good[1].Stream})
	require.Len(t, streams[0].Events, 1)
	require.Error(t, streams[1].Err)
	require.Len(t, streams[2].Events, 1)
}

// hold takes the appenders' lock in another session and returns once it has it.
func hold(t *testing.T, dsn string) pgx.Tx {
	tx, err := connect(t, dsn, "").Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SELECT pg_advisory_xact_lock($1)", int64(appendKey))
	require.NoError(t, err)
	return tx
}

func TestWhileAppendsAreHeldUpCallersMayLeaveAndReadersGoOn(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store := open(t, dsn)
	before := newStream(body)
	_, err := store.Append(t.Context(), before)
	require.NoError(t, err)
	tx := hold(t, dsn)

	stayed := make(chan error, 1)
	go func() {
		_, err := store.Append(t.Context(), newStream(body))
		stayed <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = store.Append(ctx, newStream(body))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Len(t, store.ReadMany(t.Context(), []string{before.Stream})[0].Events, 1)

	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, <-stayed)
}

func TestAReadThatIsHeldUpEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store := open(t, dsn)
	tx, err := connect(t, dsn, "").Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "LOCK TABLE eventstore.events IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)

	for name, read := range map[string]func(ctx context.Context) error{
		"ReadStream": func(ctx context.Context) error {
			_, err := store.ReadStream(ctx, "a", eventstore.Forwards, 0, 1)
			return err
		},
		"ReadMany": func(ctx context.Context) error { return store.ReadMany(ctx, []string{"a"})[0].Err },
		"ReadAll": func(ctx context.Context) error {
			_, err := store.ReadAll(ctx, eventstore.Forwards, eventstore.Start, 1)
			return err
		},
		"Subscribe": func(ctx context.Context) error {
			return store.Subscribe(ctx, eventstore.Start, nil, func(eventstore.Message) error { return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			err := read(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.NotErrorIs(t, err, eventstore.ErrUnavailable)
		})
	}
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, store.ReadMany(t.Context(), []string{"a"})[0].Err)
}

// Somebody who writes past the lock takes the position that we were about to
// give out: the primary key refuses ours, and the same append again is right.
func TestWhoWritesPastTheLockCausesAConflictAndNoGap(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store := open(t, dsn)
	intruder := connect(t, dsn, "")
	tx, err := intruder.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "INSERT INTO eventstore.events VALUES (1, 'past-the-lock', 0, $1, 't', '', '')", uuid.New())
	require.NoError(t, err)

	same, done := newStream(body), make(chan error, 1)
	go func() {
		_, err := store.Append(t.Context(), same)
		done <- err
	}()
	watcher, name := connect(t, dsn, ""), nameOf(t, dsn)
	require.Eventually(t, func() bool {
		var waiting bool
		err := watcher.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'transactionid')", name).Scan(&waiting)
		return err == nil && waiting
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, tx.Commit(t.Context()))
	require.ErrorIs(t, <-done, eventstore.ErrConflict)

	appended, err := store.Append(t.Context(), same)
	require.NoError(t, err)
	require.Equal(t, eventstore.Position{Commit: 2, Prepare: 2}, appended.Position)
}

func TestCloseWaitsForWhatIsUnderWayAndNotForEver(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store := open(t, dsn)
	hold(t, dsn)
	done := make(chan error, 1)
	go func() {
		_, err := store.Append(context.Background(), newStream(body))
		done <- err
	}()
	watcher, name := connect(t, dsn, ""), nameOf(t, dsn)
	require.Eventually(t, func() bool {
		var waiting bool
		err := watcher.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'advisory')", name).Scan(&waiting)
		return err == nil && waiting
	}, 10*time.Second, time.Millisecond)

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, store.Close(ctx), context.DeadlineExceeded)
	require.ErrorIs(t, <-done, eventstore.ErrUnavailable)
}
