package store_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/store"
)

func TestBetween_findsTheReceiptsAboutPrisoners(t *testing.T) {
	f := newFixture(t)
	receipt := func(prisoner domain.PrisonerNumber, at time.Time, id string, kind store.MessageKind) store.PrisonerMessage {
		return store.PrisonerMessage{Prisoner: prisoner, ReceivedAt: at, MessageID: id, Kind: kind}
	}
	first := receipt("A0001AA", noon, "a", store.Merged)
	other := receipt("B0001BB", noon, "a", store.Merged)
	again := receipt("A0001AA", noon.Add(time.Hour), "a", store.Merged)
	moved := receipt("A0001AA", noon.Add(2*time.Hour), "b", store.BookingMoved)
	gone := receipt("C0001CC", noon, "c", store.BookingDeleted)
	require.NoError(t, f.Remember(t.Context()))
	require.NoError(t, f.Remember(t.Context(), first, other))
	require.NoError(t, f.Remember(t.Context(), first, again, moved, gone), "the same receipt is kept once")
	for name, c := range map[string]struct {
		prisoners []domain.PrisonerNumber
		from, to  time.Time
		expected  []store.PrisonerMessage
	}{
		"both ends included":  {[]domain.PrisonerNumber{"A0001AA"}, noon, noon.Add(2 * time.Hour), []store.PrisonerMessage{first, again, moved}},
		"of two":              {[]domain.PrisonerNumber{"B0001BB", "A0001AA"}, noon, noon, []store.PrisonerMessage{first, other}},
		"received once more":  {[]domain.PrisonerNumber{"A0001AA"}, noon.Add(time.Second), noon.Add(time.Hour), []store.PrisonerMessage{again}},
		"a deleted booking":   {[]domain.PrisonerNumber{"C0001CC"}, noon, noon, []store.PrisonerMessage{gone}},
		"nothing at the time": {[]domain.PrisonerNumber{"C0001CC"}, noon.Add(time.Millisecond), noon.Add(time.Hour), nil},
	} {
		found, err := f.Between(t.Context(), c.prisoners, c.from, c.to)
		require.NoError(t, err)
		for i := range found {
			found[i].ReceivedAt = found[i].ReceivedAt.UTC()
		}
		require.ElementsMatch(t, c.expected, found, name)
	}
}

func TestRemember_keepsAllOrNone(t *testing.T) {
	f := newFixture(t)
	require.Error(t, f.Remember(t.Context(), store.PrisonerMessage{Prisoner: "A0001AA", ReceivedAt: noon, MessageID: "a", Kind: store.Merged},
		store.PrisonerMessage{Prisoner: "A0001AA", ReceivedAt: noon, MessageID: "b", Kind: "unknown"}))
	found, err := f.Between(t.Context(), []domain.PrisonerNumber{"A0001AA"}, noon, noon)
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestBrake_isOnUntilAPersonReleasesIt(t *testing.T) {
	f := newFixture(t)
	brake := func() store.Brake {
		b, err := f.GetBrake(t.Context())
		require.NoError(t, err)
		return b
	}
	require.Zero(t, brake())
	require.False(t, brake().IsOn())
	release := store.Release{At: noon.Add(time.Hour), From: store.FromDPS, Reason: "NOMIS was restored", By: "OPERATOR"}
	require.ErrorIs(t, f.ReleaseBrake(t.Context(), release), store.ErrNoBrake)

	require.NoError(t, f.SetBrake(t.Context(), noon, "21 takes"))
	require.NoError(t, f.SetBrake(t.Context(), noon.Add(time.Minute), "another process saw it too"))
	require.True(t, brake().IsOn())
	require.Equal(t, "21 takes", brake().Why)
	require.True(t, noon.Equal(brake().Since))

	require.NoError(t, f.ReleaseBrake(t.Context(), release))
	require.ErrorIs(t, f.ReleaseBrake(t.Context(), release), store.ErrNoBrake)
	released := brake()
	require.False(t, released.IsOn())
	released.Release.At = released.Release.At.UTC()
	require.Equal(t, release, released.Release, "the decision is kept")

	require.NoError(t, f.SetBrake(t.Context(), noon, "again, by a clock that stood"))
	require.True(t, brake().IsOn())
}

func TestPurged_copiesAreKept(t *testing.T) {
	f := newFixture(t)
	purge := store.Purge{Queue: "q", Reason: "poison", By: "OPERATOR", At: noon}
	messages := []store.PurgedMessage{
		{MessageID: "a", Body: `{"x":1}`, Attributes: map[string]store.Attribute{"eventType": {Type: "String", Value: "t"}}}, {MessageID: "b", Body: "no JSON"},
	}
	for range 2 {
		require.NoError(t, f.KeepPurged(t.Context(), purge, messages...))
	}
	conn, err := pgx.Connect(t.Context(), f.dsn)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), `SELECT message_id || ' ' || body || ' ' || reason || ' ' || purged_by || ' ' || coalesce(attributes -> 'eventType' ->> 'value', '-') FROM nomis.purged_message WHERE queue = 'q' ORDER BY 1`)
	require.NoError(t, err)
	kept, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{`a {"x":1} poison OPERATOR t`, `b no JSON poison OPERATOR -`}, kept)
}
