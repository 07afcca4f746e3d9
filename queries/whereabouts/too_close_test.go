package whereabouts_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/queries/whereabouts"
)

func TestTooClose_joinsRecordsAndLocations(t *testing.T) {
	w := newWhere(t)
	for number, text := range map[domain.PrisonerNumber]string{
		"A1111AA": "A-1-001", "B1111BB": "A-1-002", "C1111CC": "B-1-001", "D1111DD": "RECP", "E1111EE": "RECP",
	} {
		w.people.put(number, "XAA", text)
	}
	w.people.put("F1111FF", "XAB", "A-1-001")
	w.people.put("G1111GG", "OUT", "", inHospital)
	w.people.put("H1111HH", "OUT", "")
	landing := w.apart("A1111AA", "B1111BB", domain.TypeLanding, longAgo)
	w.apart("A1111AA", "C1111CC", domain.TypeTotal, longAgo) // on another wing
	reception := w.apart("D1111DD", "E1111EE", domain.TypeCell, longAgo)
	nowhere := w.apart("A1111AA", "D1111DD", domain.TypeCell, longAgo)
	w.apart("A1111AA", "F1111FF", domain.TypeTotal, longAgo)
	w.apart("A1111AA", "H1111HH", domain.TypeTotal, longAgo)
	hospital := w.apart("A1111AA", "G1111GG", domain.TypeTotal, longAgo)
	pending := w.apart("B1111BB", "E1111EE", domain.TypeTotal, "2026-07-16T00:00:00")

	found, err := w.TooClose(t.Context(), "XAA", w.position)
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{reception, landing}, ids(found.TooClose.TooClose))
	require.Equal(t, []uuid.UUID{nowhere}, ids(found.CannotPlace))
	require.Equal(t, map[uuid.UUID]string{hospital: "RESTRICTED_PATIENT ", pending: "PENDING 2026-07-16"}, map[uuid.UUID]string{
		found.LeftOut[0].ID: string(found.LeftOut[0].Why) + " " + found.LeftOut[0].From,
		found.LeftOut[1].ID: string(found.LeftOut[1].Why) + " " + found.LeftOut[1].From,
	})
	require.Equal(t, w.position, found.Position)
	require.Equal(t, noon, found.LocationsAt)
	require.Zero(t, found.Incomplete)
	require.False(t, found.OthersUnread)
	require.Equal(t, "Example A (HMP)", found.Name)
	require.Equal(t, "LastG1111GG", found.People["G1111GG"].LastName)

	// On the next day the pending one has begun. While the directory is away the last
	// locations hold, with their age.
	w.search.Down(true)
	w.pass(12 * time.Hour)
	found, err = w.TooClose(t.Context(), "XAA", 0)
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{reception, landing}, ids(found.TooClose.TooClose))
	require.ElementsMatch(t, []uuid.UUID{nowhere, pending}, ids(found.CannotPlace))
	require.Empty(t, found.LeftOut)
	require.True(t, found.OthersUnread, "who is in a hospital is not known")
	require.Equal(t, noon, found.LocationsAt)
	_, err = w.TooClose(t.Context(), "XAB", 0)
	require.ErrorIs(t, err, whereabouts.ErrNoLocations)
}

func ids(records []domain.PlacedRecord) []uuid.UUID {
	var all []uuid.UUID
	for _, record := range records {
		all = append(all, record.ID)
	}
	return all
}

// Somebody who is missing in the answer about the prison is found by number.
func TestTooClose_findsByNumberWhomTheAnswerLacks(t *testing.T) {
	w := newWhere(t)
	w.people.put("A1111AA", "XAA", "A-1-001")
	w.people.put("B1111BB", "XAA", "A-1-001")
	id := w.apart("A1111AA", "B1111BB", domain.TypeCell, longAgo)
	w.search.Miss(1)
	found, err := w.TooClose(t.Context(), "XAA", w.position)
	require.NoError(t, err)
	require.Equal(t, 1, found.Incomplete)
	require.Equal(t, []uuid.UUID{id}, ids(found.TooClose.TooClose))
}

// A record that a later sync left under a removed number is that of the survivor.
func TestTooClose_aRemovedNumberIsWhereItsSurvivorIs(t *testing.T) {
	w := newWhere(t)
	w.people.put("B1111BB", "XAA", "A-1-001")
	w.people.put("C1111CC", "XAA", "A-1-001")
	one := w.apart("A1111AA", "C1111CC", domain.TypeCell, longAgo)
	other := w.apart("A1111AA", "D1111DD", domain.TypeWing, longAgo)
	_, err := w.TooClose(t.Context(), "XAA", w.position)
	require.NoError(t, err)
	w.merge("A1111AA", "B1111BB")
	w.merge("D1111DD", "C1111CC")
	found, err := w.TooClose(t.Context(), "XAA", 0)
	require.NoError(t, err)
	require.ElementsMatch(t, []uuid.UUID{one, other}, ids(found.TooClose.TooClose))
}

func TestTooClose_reflectsThePositionThatWasSeen(t *testing.T) {
	w := newWhere(t)
	w.people.put("A1111AA", "XAA", "A-1-001")
	_, err := w.TooClose(t.Context(), "XAA", 1_000_000)
	require.ErrorIs(t, err, queries.ErrBehind)
}

func TestSheet_listsByPerson(t *testing.T) {
	w := newWhere(t)
	for number, text := range map[domain.PrisonerNumber]string{
		"A1111AA": "A-1-001", "B1111BB": "A-1-002", "C1111CC": "B-1-001", "D1111DD": "RECP", "E1111EE": "C-1-001",
	} {
		w.people.put(number, "XAA", text)
	}
	w.people.put("F1111FF", "XAB", "A-1-001")
	w.apart("A1111AA", "B1111BB", domain.TypeLanding, longAgo)
	w.apart("A1111AA", "C1111CC", domain.TypeWing, longAgo)
	w.apart("C1111CC", "D1111DD", domain.TypeTotal, longAgo)
	w.apart("A1111AA", "D1111DD", domain.TypeTotal, "2026-07-16T00:00:00")
	w.apart("A1111AA", "F1111FF", domain.TypeTotal, longAgo)
	for _, c := range []struct {
		wings, reasons []string
		want           string
		ignored        []string
	}{
		{nil, nil, "AB AC BA CA CD DC", nil},
		{[]string{"A"}, nil, "AB AC BA CA", nil},
		{[]string{"a", "Z"}, []string{"BULLYING"}, "AB AC BA CA", []string{"Z"}},
		{[]string{"B"}, nil, "AC CA CD DC", nil},
		{[]string{"C"}, nil, "", nil},
		{[]string{"A", "B"}, nil, "AB AC BA CA CD DC", nil},
		{[]string{"", "Z", "Z", "RECP"}, []string{"NONSENSE", "bullying", ""}, "AB AC BA CA CD DC", []string{"Z", "RECP", "NONSENSE", "bullying"}},
		{nil, []string{"THREAT"}, "", nil},
		{nil, []string{"THREAT", "BULLYING"}, "AB AC BA CA CD DC", nil},
	} {
		sheet, err := w.Sheet(t.Context(), "XAA", whereabouts.SheetFilter{Wings: c.wings, Reasons: c.reasons}, w.position)
		require.NoError(t, err)
		var rows []string
		for _, row := range sheet.Rows {
			rows = append(rows, string(row.Prisoner[0])+string(row.Other[0]))
		}
		require.Equal(t, c.want, strings.Join(rows, " "), "%v", c)
		require.Equal(t, []string{"A", "B", "C"}, sheet.Wings)
		require.Equal(t, c.ignored, append(sheet.IgnoredWings, sheet.IgnoredReasons...), "%v", c)
		require.Equal(t, w.position, sheet.Position)
	}
}
