package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/internal/dev/testdb"
	"nonassociations/publisher/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const topic = "domain"

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// tables is a database with the tables of the store.
var tables = testdb.NewTemplate(store.Migrate)

// begun is a session with a checkpoint that has told nothing.
func begun(t *testing.T) (dsn string, conn *pgx.Conn, was store.Checkpoint) {
	t.Helper()
	dsn = tables.New(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	was, err = store.LoadOrCreate(t.Context(), conn, topic, uuid.New())
	require.NoError(t, err)
	require.Equal(t, eventstore.Start, was.At)
	return dsn, conn, was
}

func behind(was store.Checkpoint, at uint64) store.Checkpoint {
	was.At = eventstore.Position{Commit: at, Prepare: at}
	was.Last = store.Event{ID: uuid.New(), Stream: "nonAssociation-A0135GA_A9109UD", Revision: at}
	return was
}

func refused(t *testing.T, at uint64) store.Parked {
	t.Helper()
	pair, err := domain.ParsePair("A0135GA_A9109UD")
	require.NoError(t, err)
	return store.Parked{
		EventID: uuid.New(), Pairs: []domain.Pair{pair}, Revision: at, Position: eventstore.Position{Commit: at, Prepare: at},
		State: store.Refused, Reason: "InvalidParameter: why", Attempts: 1,
	}
}

func TestCheckpoint_movesOnlyFromWhereItWasLeft(t *testing.T) {
	dsn, conn, was := begun(t)
	now := behind(was, 7)
	require.NoError(t, store.Commit(t.Context(), conn, was, now, store.Changes{}, noon))
	found, err := store.Load(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Equal(t, now, found)
	require.NoError(t, store.Verify(t.Context(), conn, now))

	parked := refused(t, 8)
	require.ErrorIs(t, store.Commit(t.Context(), conn, was, behind(was, 9), store.Changes{}, noon), store.ErrFenced)
	require.ErrorIs(t, store.Commit(t.Context(), conn, was, was, store.Changes{Park: []store.Parked{parked}}, noon), store.ErrFenced)
	require.ErrorIs(t, store.Verify(t.Context(), conn, was), store.ErrFenced)
	all, err := store.All(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Empty(t, all, "both or neither")

	other := now
	other.Store = uuid.New()
	require.ErrorIs(t, store.Verify(t.Context(), conn, other), store.ErrFenced)
	require.ErrorIs(t, store.Commit(t.Context(), conn, other, behind(other, 9), store.Changes{}, noon), store.ErrFenced)

	again, err := store.LoadOrCreate(t.Context(), conn, topic, uuid.New())
	require.NoError(t, err)
	require.Equal(t, now, again, "it is begun once")
	require.NoError(t, store.Commit(t.Context(), conn, now, now, store.Changes{Park: []store.Parked{parked}}, noon))
	require.NoError(t, store.Reset(t.Context(), dsn))
	found, err = store.Load(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Equal(t, store.Checkpoint{Topic: topic}, found)
	all, err = store.All(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Empty(t, all, "what was parked is of the other log too")
}

func TestParkedMessages_comeBackInTheOrderOfTheLog(t *testing.T) {
	dsn, conn, was := begun(t)
	first, second := refused(t, 3), refused(t, 5)
	require.NoError(t, store.Commit(t.Context(), conn, was, was, store.Changes{Park: []store.Parked{second, first}}, noon))
	require.NoError(t, store.Commit(t.Context(), conn, was, was, store.Changes{Park: []store.Parked{first}}, noon), "again changes nothing")
	all, err := store.All(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, first.EventID, all[0].EventID)
	require.Equal(t, first.Pairs, all[0].Pairs)
	require.True(t, noon.Equal(all[0].ParkedAt))

	require.NoError(t, store.RequestRetry(t.Context(), dsn, topic, first.EventID))
	require.NoError(t, store.RequestSkip(t.Context(), dsn, topic, second.EventID, "why not", noon))
	require.ErrorIs(t, store.RequestSkip(t.Context(), dsn, topic, second.EventID, "twice", noon), store.ErrNothing)
	require.ErrorIs(t, store.RequestRetry(t.Context(), dsn, "history", first.EventID), store.ErrNothing)
	third := refused(t, 7)
	require.NoError(t, store.Commit(t.Context(), conn, was, was, store.Changes{Park: []store.Parked{third}}, noon))
	wishes, err := store.Requests(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Len(t, wishes, 2)

	first.Attempts, second.Attempts, first.Request = 2, 2, store.Retry
	work := store.Changes{Attempted: []store.Parked{first, second}, Acknowledged: []uuid.UUID{second.EventID}}
	require.NoError(t, store.Commit(t.Context(), conn, was, was, work, noon))
	all, err = store.All(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Equal(t, 2, all[0].Attempts)
	require.Empty(t, all[0].Request)
	require.Equal(t, store.Skipped, all[1].State, "what was skipped stays so")
	require.Equal(t, "why not", all[1].Reason)

	require.NoError(t, store.Commit(t.Context(), conn, was, was, store.Changes{Delivered: []uuid.UUID{first.EventID, third.EventID}}, noon))
	overview, err := store.Inspect(t.Context(), dsn, topic, "history")
	require.NoError(t, err)
	require.Len(t, overview.Parked, 1)
	require.Len(t, overview.Checkpoints, 2)
}

// A request that came while a message was sent in vain for another reason stays.
func TestRequest_isEndedByWhatItAskedForOnly(t *testing.T) {
	dsn, conn, was := begun(t)
	failing := refused(t, 3)
	failing.State = store.Failing
	require.NoError(t, store.Commit(t.Context(), conn, was, was, store.Changes{Park: []store.Parked{failing}}, noon))
	require.NoError(t, store.RequestRetry(t.Context(), dsn, topic, failing.EventID))
	failing.Attempts, failing.Reason, failing.State = 7, "SomethingNew", store.Refused
	later := noon.Add(time.Hour)
	for _, wish := range []store.Request{"", store.Skip} {
		failing.Request = wish
		require.NoError(t, store.Commit(t.Context(), conn, was, was, store.Changes{Attempted: []store.Parked{failing}}, later))
		all, err := store.All(t.Context(), conn, topic)
		require.NoError(t, err)
		require.Equal(t, store.Retry, all[0].Request)
		require.Equal(t, []any{store.Refused, "SomethingNew", 7}, []any{all[0].State, all[0].Reason, all[0].Attempts})
		require.True(t, later.Equal(all[0].Since))
		require.True(t, noon.Equal(all[0].ParkedAt))
	}
}

func TestMigrating_againAndAtOnceChangesNothing(t *testing.T) {
	dsn, faults := testdb.New(t), make(chan error, 4)
	for range cap(faults) {
		go func() { faults <- store.Migrate(context.WithoutCancel(t.Context()), dsn) }()
	}
	for range cap(faults) {
		require.NoError(t, <-faults)
	}
}
