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

// begun is a session with a bookmark that has told nothing.
func begun(t *testing.T) (dsn string, conn *pgx.Conn, was store.Bookmark) {
	t.Helper()
	dsn = testdb.New(t)
	require.NoError(t, store.Migrate(t.Context(), dsn))
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	was, err = store.Begin(t.Context(), conn, topic, uuid.New())
	require.NoError(t, err)
	require.Equal(t, eventstore.Start, was.At)
	return dsn, conn, was
}

func behind(was store.Bookmark, at uint64) store.Bookmark {
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
		State: store.Refused, Reason: "InvalidParameter: why", Tries: 1,
	}
}

func TestABookmarkMovesOnlyFromWhereItWasLeft(t *testing.T) {
	dsn, conn, was := begun(t)
	now := behind(was, 7)
	require.NoError(t, store.Settle(t.Context(), conn, was, now, store.Work{}, noon))
	found, err := store.Read(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Equal(t, now, found)
	require.NoError(t, store.Holds(t.Context(), conn, now))

	parked := refused(t, 8)
	require.ErrorIs(t, store.Settle(t.Context(), conn, was, behind(was, 9), store.Work{}, noon), store.ErrMoved)
	require.ErrorIs(t, store.Settle(t.Context(), conn, was, was, store.Work{Park: []store.Parked{parked}}, noon), store.ErrMoved)
	require.ErrorIs(t, store.Holds(t.Context(), conn, was), store.ErrMoved)
	all, err := store.All(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Empty(t, all, "both or neither")

	other := now
	other.Store = uuid.New()
	require.ErrorIs(t, store.Holds(t.Context(), conn, other), store.ErrMoved)
	require.ErrorIs(t, store.Settle(t.Context(), conn, other, behind(other, 9), store.Work{}, noon), store.ErrMoved)

	again, err := store.Begin(t.Context(), conn, topic, uuid.New())
	require.NoError(t, err)
	require.Equal(t, now, again, "it is begun once")
	require.NoError(t, store.Settle(t.Context(), conn, now, now, store.Work{Park: []store.Parked{parked}}, noon))
	require.NoError(t, store.Adopt(t.Context(), dsn))
	found, err = store.Read(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Equal(t, store.Bookmark{Topic: topic}, found)
	all, err = store.All(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Empty(t, all, "what was parked is of the other log too")
}

func TestWhatLiesOnTheDeskComesBackInTheOrderOfTheLog(t *testing.T) {
	dsn, conn, was := begun(t)
	first, second := refused(t, 3), refused(t, 5)
	require.NoError(t, store.Settle(t.Context(), conn, was, was, store.Work{Park: []store.Parked{second, first}}, noon))
	require.NoError(t, store.Settle(t.Context(), conn, was, was, store.Work{Park: []store.Parked{first}}, noon), "again changes nothing")
	all, err := store.All(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, first.EventID, all[0].EventID)
	require.Equal(t, first.Pairs, all[0].Pairs)
	require.True(t, noon.Equal(all[0].ParkedAt))

	require.NoError(t, store.AskRetry(t.Context(), dsn, topic, first.EventID))
	require.NoError(t, store.AskSkip(t.Context(), dsn, topic, second.EventID, "why not", noon))
	require.ErrorIs(t, store.AskSkip(t.Context(), dsn, topic, second.EventID, "twice", noon), store.ErrNothing)
	require.ErrorIs(t, store.AskRetry(t.Context(), dsn, "history", first.EventID), store.ErrNothing)
	third := refused(t, 7)
	require.NoError(t, store.Settle(t.Context(), conn, was, was, store.Work{Park: []store.Parked{third}}, noon))
	wishes, err := store.Wishes(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Len(t, wishes, 2)

	first.Tries, second.Tries, first.Wish = 2, 2, store.Retry
	work := store.Work{Tried: []store.Parked{first, second}, Heard: []uuid.UUID{second.EventID}}
	require.NoError(t, store.Settle(t.Context(), conn, was, was, work, noon))
	all, err = store.All(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Equal(t, 2, all[0].Tries)
	require.Empty(t, all[0].Wish)
	require.Equal(t, store.Skipped, all[1].State, "what was skipped stays so")
	require.Equal(t, "why not", all[1].Reason)

	require.NoError(t, store.Settle(t.Context(), conn, was, was, store.Work{Gone: []uuid.UUID{first.EventID, third.EventID}}, noon))
	overview, err := store.Look(t.Context(), dsn, topic, "history")
	require.NoError(t, err)
	require.Len(t, overview.Parked, 1)
	require.Len(t, overview.Bookmarks, 2)
}

// A wish that came while a message was sent in vain for another reason stays.
func TestAWishIsEndedByWhatItAskedForOnly(t *testing.T) {
	dsn, conn, was := begun(t)
	failing := refused(t, 3)
	failing.State = store.Failing
	require.NoError(t, store.Settle(t.Context(), conn, was, was, store.Work{Park: []store.Parked{failing}}, noon))
	require.NoError(t, store.AskRetry(t.Context(), dsn, topic, failing.EventID))
	failing.Tries, failing.Reason, failing.State = 7, "SomethingNew", store.Refused
	later := noon.Add(time.Hour)
	for _, wish := range []store.Wish{"", store.Skip} {
		failing.Wish = wish
		require.NoError(t, store.Settle(t.Context(), conn, was, was, store.Work{Tried: []store.Parked{failing}}, later))
		all, err := store.All(t.Context(), conn, topic)
		require.NoError(t, err)
		require.Equal(t, store.Retry, all[0].Wish)
		require.Equal(t, []any{store.Refused, "SomethingNew", 7}, []any{all[0].State, all[0].Reason, all[0].Tries})
		require.True(t, later.Equal(all[0].Since))
		require.True(t, noon.Equal(all[0].ParkedAt))
	}
}

func TestMigratingAgainAndAtOnceChangesNothing(t *testing.T) {
	dsn, faults := testdb.New(t), make(chan error, 4)
	for range cap(faults) {
		go func() { faults <- store.Migrate(context.WithoutCancel(t.Context()), dsn) }()
	}
	for range cap(faults) {
		require.NoError(t, <-faults)
	}
}
