package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/testdb"
	"nonassociations/nomis/store"
)

func edits(prison domain.PrisonID, day string, n int) store.PrisonEdit {
	at, _ := time.Parse(time.DateOnly, day)
	return store.PrisonEdit{Prison: prison, Day: day, Edits: n, Last: at.Add(9 * time.Hour)}
}

func TestPrisonEdits_areThoseOfSevenDays(t *testing.T) {
	f := newFixture(t)
	all, err := f.PrisonEdits(t.Context(), "2026-07-15")
	require.NoError(t, err)
	require.Nil(t, all)
	require.NoError(t, f.CountEdits(t.Context(), store.Counting{To: 5, Today: "2026-07-10", Edits: []store.PrisonEdit{
		edits("LEI", "2026-07-01", 7), edits("MDI", "2026-07-08", 1), edits("MDI", "2026-07-09", 2), edits("MDI", "2026-07-15", 4),
	}}))
	require.NoError(t, f.CountEdits(t.Context(), store.Counting{From: 5, To: 6, Today: "2026-07-15", Edits: []store.PrisonEdit{edits("MDI", "2026-07-15", 8)}}))
	for today, want := range map[string][2]int{"2026-07-14": {0, 3}, "2026-07-15": {0, 14}, "2026-07-16": {0, 12}, "2026-07-22": {0, 0}, "2026-07-07": {7, 0}} {
		all, err = f.PrisonEdits(t.Context(), today)
		require.NoError(t, err)
		require.Equal(t, want, [2]int{all["LEI"].LastWeek, all["MDI"].LastWeek}, today)
		require.True(t, edits("LEI", "2026-07-01", 7).Last.Equal(all["LEI"].Last))
		require.True(t, edits("MDI", "2026-07-15", 1).Last.Equal(all["MDI"].Last))
	}
}

func TestPrisonEdits_areForgottenButTheLastOfAPrison(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.CountEdits(t.Context(), store.Counting{To: 5, Today: "2026-07-01", Edits: []store.PrisonEdit{
		edits("LEI", "2026-06-29", 7), edits("LEI", "2026-07-01", 7), edits("MDI", "2026-07-01", 1), edits("MDI", "2026-07-09", 1),
	}}))
	require.NoError(t, f.CountEdits(t.Context(), store.Counting{From: 5, To: 6, Today: "2026-07-17"}))
	all, err := f.PrisonEdits(t.Context(), "2026-07-01")
	require.NoError(t, err)
	require.Equal(t, 7, all["LEI"].LastWeek)
	require.Zero(t, all["MDI"].LastWeek, "of the first of July nothing is left")
	require.True(t, edits("MDI", "2026-07-09", 1).Last.Equal(all["MDI"].Last))
}

func TestCountEdits_isAllOrNothing(t *testing.T) {
	f := newFixture(t)
	one := []store.PrisonEdit{edits("MDI", "2026-07-15", 1)}
	require.NoError(t, f.CountEdits(t.Context(), store.Counting{To: 5, Today: "2026-07-15", Edits: one}))
	for name, c := range map[string]store.Counting{
		"another has counted":            {From: 0, To: 5, Today: "2026-07-15", Edits: one},
		"another has counted beyond":     {From: 4, To: 9, Today: "2026-07-15", Edits: one},
		"another has counted what found": {From: 5, To: 5, Found: []int64{1}, Today: "2026-07-15", Edits: one},
	} {
		require.ErrorIs(t, f.CountEdits(t.Context(), c), store.ErrOtherCheckpoint, name)
	}
	require.Error(t, f.CountEdits(t.Context(), store.Counting{From: 5, To: 6, Today: "2026-07-15", Edits: append(one, edits("MDI", "no day", 1))}))
	at, err := f.EditCheckpoint(t.Context())
	require.NoError(t, err)
	require.Equal(t, uint64(5), at)
	all, err := f.PrisonEdits(t.Context(), "2026-07-15")
	require.NoError(t, err)
	require.Equal(t, 1, all["MDI"].LastWeek)
}

func TestEdits_haveNoTablesInADatabaseThatIsGone(t *testing.T) {
	dsn := testdb.New(t)
	s := open(t, dsn)
	_, err := s.PrisonEdits(t.Context(), "2026-07-15")
	require.Error(t, err)
	_, err = s.FoundEdits(t.Context(), 1)
	require.Error(t, err)
	_, err = s.EditCheckpoint(t.Context())
	require.Error(t, err)
	_, err = s.Repairers(t.Context(), []domain.Pair{{}})
	require.Error(t, err)
	require.Error(t, s.RestartEdits(t.Context(), 0))
}
