package postgres_test

import (
	"context"
	"strconv"
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
func TestOneBadQuestion_costsNoOtherAnything(t *testing.T) {
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

func TestAppend_heldUpLetsCallersLeaveAndReadersGoOn(t *testing.T) {
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

func TestRead_thatIsHeldUpEndsWithItsCaller(t *testing.T) {
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

// A writer who does not take the lock takes the position that we were about to
// give out: the primary key refuses our group. None of it is at fault, and it is
// written as one, behind the other.
func TestRace_ofAWriterPastTheLockCostsAGroupNothing(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 6} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			t.Parallel()
			dsn := migrated(t)
			store := open(t, dsn)
			tx, err := connect(t, dsn, "").Begin(t.Context())
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), "INSERT INTO eventstore.events VALUES (1, 'past-the-lock', 0, $1, 't', '', '')", uuid.New())
			require.NoError(t, err)

			group, done := make([]eventstore.Append, size), make(chan []eventstore.Outcome, 1)
			for i := range group {
				group[i] = newStream(body)
			}
			go func() { done <- store.AppendMany(t.Context(), group) }()
			watcher, name := connect(t, dsn, ""), nameOf(t, dsn)
			require.Eventually(t, func() bool {
				var waiting bool
				err := watcher.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'transactionid')", name).Scan(&waiting)
				return err == nil && waiting
			}, 10*time.Second, time.Millisecond)
			require.NoError(t, tx.Commit(t.Context()))
			for i, outcome := range <-done {
				require.NoError(t, outcome.Err)
				require.Equal(t, uint64(2+i), outcome.Position.Commit)
			}
			var commits int
			err = watcher.QueryRow(t.Context(), "SELECT count(DISTINCT xmin::text) FROM eventstore.events WHERE position > 1").Scan(&commits)
			require.NoError(t, err)
			require.Equal(t, 1, commits, "written as one")
		})
	}
}

// Whose race goes on for ever is told that nothing was written.
func TestRace_thatIsLostEachTimeIsAConflict(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store, owner := open(t, dsn), connect(t, dsn, "")
	_, err := owner.Exec(t.Context(), `CREATE SEQUENCE tries;
		CREATE FUNCTION race() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			PERFORM nextval('public.tries');
			RAISE EXCEPTION 'another was quicker' USING ERRCODE = 'unique_violation';
		END $$;
		CREATE TRIGGER race BEFORE INSERT ON eventstore.events FOR EACH STATEMENT EXECUTE FUNCTION race()`)
	require.NoError(t, err)
	for _, outcome := range store.AppendMany(t.Context(), []eventstore.Append{newStream(body), newStream(body), newStream(body)}) {
		require.ErrorIs(t, outcome.Err, eventstore.ErrConflict)
	}
	var tries int
	require.NoError(t, owner.QueryRow(t.Context(), "SELECT last_value FROM tries").Scan(&tries))
	require.Equal(t, 3, tries, "the group is asked again, and never one by one")
}

func TestClose_waitsForWhatIsUnderWayAndNotForEver(t *testing.T) {
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
