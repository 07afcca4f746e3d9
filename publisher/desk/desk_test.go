package desk_test

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
	"nonassociations/internal/testdb"
	"nonassociations/publisher/desk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const topic = "domain"

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// begun is a session with a bookmark that has told nothing.
func begun(t *testing.T) (dsn string, conn *pgx.Conn, was desk.Bookmark) {
	t.Helper()
	dsn = testdb.New(t)
	require.NoError(t, desk.Migrate(t.Context(), dsn))
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	was, err = desk.Begin(t.Context(), conn, topic, uuid.New())
	require.NoError(t, err)
	require.Equal(t, eventstore.Start, was.At)
	return dsn, conn, was
}

func behind(was desk.Bookmark, at uint64) desk.Bookmark {
	was.At = eventstore.Position{Commit: at, Prepare: at}
	was.Last = desk.Event{ID: uuid.New(), Stream: "nonAssociation-A0135GA_A9109UD", Revision: at}
	return was
}

func refused(t *testing.T, at uint64) desk.Parked {
	t.Helper()
	pair, err := domain.ParsePair("A0135GA_A9109UD")
	require.NoError(t, err)
	return desk.Parked{
		EventID: uuid.New(), Pairs: []domain.Pair{pair}, Revision: at, Position: eventstore.Position{Commit: at, Prepare: at},
		State: desk.Refused, Reason: "InvalidParameter: why", Tries: 1,
	}
}

func TestABookmarkMovesOnlyFromWhereItWasLeft(t *testing.T) {
	dsn, conn, was := begun(t)
	now := behind(was, 7)
	require.NoError(t, desk.Settle(t.Context(), conn, was, now, desk.Work{}, noon))
	found, err := desk.Read(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Equal(t, now, found)
	require.NoError(t, desk.Holds(t.Context(), conn, now))

	parked := refused(t, 8)
	require.ErrorIs(t, desk.Settle(t.Context(), conn, was, behind(was, 9), desk.Work{}, noon), desk.ErrMoved)
	require.ErrorIs(t, desk.Settle(t.Context(), conn, was, was, desk.Work{Park: []desk.Parked{parked}}, noon), desk.ErrMoved)
	require.ErrorIs(t, desk.Holds(t.Context(), conn, was), desk.ErrMoved)
	all, err := desk.All(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Empty(t, all, "both or neither")

	other := now
	other.Store = uuid.New()
	require.ErrorIs(t, desk.Holds(t.Context(), conn, other), desk.ErrMoved)
	require.ErrorIs(t, desk.Settle(t.Context(), conn, other, behind(other, 9), desk.Work{}, noon), desk.ErrMoved)

	again, err := desk.Begin(t.Context(), conn, topic, uuid.New())
	require.NoError(t, err)
	require.Equal(t, now, again, "it is begun once")
	require.NoError(t, desk.Settle(t.Context(), conn, now, now, desk.Work{Park: []desk.Parked{parked}}, noon))
	require.NoError(t, desk.Adopt(t.Context(), dsn))
	found, err = desk.Read(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Equal(t, desk.Bookmark{Topic: topic}, found)
	all, err = desk.All(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Empty(t, all, "what was parked is of the other log too")
}

func TestWhatLiesOnTheDeskComesBackInTheOrderOfTheLog(t *testing.T) {
	dsn, conn, was := begun(t)
	first, second := refused(t, 3), refused(t, 5)
	require.NoError(t, desk.Settle(t.Context(), conn, was, was, desk.Work{Park: []desk.Parked{second, first}}, noon))
	require.NoError(t, desk.Settle(t.Context(), conn, was, was, desk.Work{Park: []desk.Parked{first}}, noon), "again changes nothing")
	all, err := desk.All(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, first.EventID, all[0].EventID)
	require.Equal(t, first.Pairs, all[0].Pairs)
	require.True(t, noon.Equal(all[0].ParkedAt))

	require.NoError(t, desk.AskRetry(t.Context(), dsn, topic, first.EventID))
	require.NoError(t, desk.AskSkip(t.Context(), dsn, topic, second.EventID, "why not", noon))
	require.ErrorIs(t, desk.AskSkip(t.Context(), dsn, topic, second.EventID, "twice", noon), desk.ErrNothing)
	require.ErrorIs(t, desk.AskRetry(t.Context(), dsn, "history", first.EventID), desk.ErrNothing)
	third := refused(t, 7)
	require.NoError(t, desk.Settle(t.Context(), conn, was, was, desk.Work{Park: []desk.Parked{third}}, noon))
	wishes, err := desk.Wishes(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Len(t, wishes, 2)

	first.Tries, second.Tries, first.Wish = 2, 2, desk.Retry
	work := desk.Work{Tried: []desk.Parked{first, second}, Heard: []uuid.UUID{second.EventID}}
	require.NoError(t, desk.Settle(t.Context(), conn, was, was, work, noon))
	all, err = desk.All(t.Context(), conn, topic)
	require.NoError(t, err)
	require.Equal(t, 2, all[0].Tries)
	require.Empty(t, all[0].Wish)
	require.Equal(t, desk.Skipped, all[1].State, "what was skipped stays so")
	require.Equal(t, "why not", all[1].Reason)

	require.NoError(t, desk.Settle(t.Context(), conn, was, was, desk.Work{Gone: []uuid.UUID{first.EventID, third.EventID}}, noon))
	overview, err := desk.Look(t.Context(), dsn, topic, "history")
	require.NoError(t, err)
	require.Len(t, overview.Parked, 1)
	require.Len(t, overview.Bookmarks, 2)
}

// A wish that came while a message was sent in vain for another reason stays.
func TestAWishIsEndedByWhatItAskedForOnly(t *testing.T) {
	dsn, conn, was := begun(t)
	failing := refused(t, 3)
	failing.State = desk.Failing
	require.NoError(t, desk.Settle(t.Context(), conn, was, was, desk.Work{Park: []desk.Parked{failing}}, noon))
	require.NoError(t, desk.AskRetry(t.Context(), dsn, topic, failing.EventID))
	failing.Tries, failing.Reason, failing.State = 7, "SomethingNew", desk.Refused
	later := noon.Add(time.Hour)
	for _, wish := range []desk.Wish{"", desk.Skip} {
		failing.Wish = wish
		require.NoError(t, desk.Settle(t.Context(), conn, was, was, desk.Work{Tried: []desk.Parked{failing}}, later))
		all, err := desk.All(t.Context(), conn, topic)
		require.NoError(t, err)
		require.Equal(t, desk.Retry, all[0].Wish)
		require.Equal(t, []any{desk.Refused, "SomethingNew", 7}, []any{all[0].State, all[0].Reason, all[0].Tries})
		require.True(t, later.Equal(all[0].Since))
		require.True(t, noon.Equal(all[0].ParkedAt))
	}
}

func TestMigratingAgainAndAtOnceChangesNothing(t *testing.T) {
	dsn, faults := testdb.New(t), make(chan error, 4)
	for range cap(faults) {
		go func() { faults <- desk.Migrate(context.WithoutCancel(t.Context()), dsn) }()
	}
	for range cap(faults) {
		require.NoError(t, <-faults)
	}
}
