package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/store"
)

func TestCallers_areSummedOverTheirDays(t *testing.T) {
	f := newFixture(t)
	day := func(client, day string, calls, notFound int64, at time.Time) store.CallerDay {
		return store.CallerDay{ClientID: client, Day: day, Calls: calls, NotFound: notFound, First: at.Add(-time.Minute), Last: at}
	}
	require.NoError(t, f.AddCalls(t.Context()))
	require.NoError(t, f.AddCalls(t.Context(), day("a", "2026-07-15", 2, 1, noon), day("b", "2026-07-01", 5, 5, noon.AddDate(0, 0, -14))))
	require.NoError(t, f.AddCalls(t.Context(), day("a", "2026-07-15", 1, 0, noon.Add(-time.Hour)), day("a", "2026-07-08", 7, 2, noon.AddDate(0, 0, -7))))
	all, err := f.Callers(t.Context(), "2026-07-09")
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "a", all[0].ClientID, "the one that called last first")
	require.Equal(t, int64(3), all[0].Recent)
	require.Equal(t, int64(3), all[0].NotFound)
	require.True(t, noon.Equal(all[0].LastCall))
	require.True(t, noon.AddDate(0, 0, -7).Add(-time.Minute).Equal(all[0].FirstCall))
	require.Equal(t, "b", all[1].ClientID)
	require.Zero(t, all[1].Recent)
}

func TestCalls_areAddedAllOrNone(t *testing.T) {
	f := newFixture(t)
	good := store.CallerDay{ClientID: "a", Day: "2026-07-15", Calls: 1, First: noon, Last: noon}
	bad := good
	bad.ClientID, bad.Day = "b", "no day"
	require.Error(t, f.AddCalls(t.Context(), good, bad))
	all, err := f.Callers(t.Context(), "2026-07-15")
	require.NoError(t, err)
	require.Empty(t, all)
}

func TestKnownPrisons_stayAndAreCountedAnew(t *testing.T) {
	f := newFixture(t)
	known := func() map[domain.PrisonID]store.KnownPrison {
		t.Helper()
		all, err := f.KnownPrisons(t.Context())
		require.NoError(t, err)
		found := map[domain.PrisonID]store.KnownPrison{}
		for _, p := range all {
			found[p.ID] = p
		}
		return found
	}
	later := noon.Add(time.Hour)
	require.NoError(t, f.SeePrisons(t.Context(), noon, store.SeenPrison{ID: "LEI"}, store.SeenPrison{ID: "MDI", Name: "Moorland", Open: 9}))
	require.Nil(t, known()["MDI"].Open, "seeing counts nothing")
	require.NoError(t, f.CountPrisons(t.Context(), later, store.SeenPrison{ID: "LEI", Name: "Leeds", Open: 3}, store.SeenPrison{ID: "WWI", Open: 1}))
	require.NoError(t, f.SeePrisons(t.Context(), noon, store.SeenPrison{ID: "LEI"}))
	require.Equal(t, "Leeds", known()["LEI"].Name, "a name is kept")
	require.True(t, later.Equal(known()["LEI"].LastSeen))
	require.True(t, noon.Equal(known()["LEI"].FirstSeen))
	require.Equal(t, 3, *known()["LEI"].Open)
	require.Equal(t, 1, *known()["WWI"].Open)
	require.Equal(t, 0, *known()["MDI"].Open, "nobody is there any more")

	require.NoError(t, f.CountPrisons(t.Context(), noon, store.SeenPrison{ID: "LEI", Open: 7}))
	require.Equal(t, 3, *known()["LEI"].Open, "an older walk changes no count")
	require.NoError(t, f.CountPrisons(t.Context(), later))
	require.Equal(t, 0, *known()["LEI"].Open)
	require.Len(t, known(), 3)
}

func TestOpenDifferences_areCountedByPairUnlessThereAreTooMany(t *testing.T) {
	f := newFixture(t)
	one, other := pairOf(t, 1), pairOf(t, 2)
	for _, pair := range []domain.Pair{one, other} {
		require.NoError(t, f.Record(t.Context(), pair, noon, "2026-07-15", uuid.Nil, store.Finding{NonAssociationID: uuid.New(), Bucket: store.OnlyHere, Why: "x", Cause: "UNKNOWN"},
			store.Finding{TypeSequence: 2, Bucket: store.OnlyThere, Why: "x", Cause: "UNKNOWN"}))
	}
	open, whole, err := f.OpenDifferences(t.Context(), 4)
	require.NoError(t, err)
	require.True(t, whole)
	require.Equal(t, map[domain.Pair]int{one: 2, other: 2}, open)
	_, whole, err = f.OpenDifferences(t.Context(), 3)
	require.NoError(t, err)
	require.False(t, whole)
}
