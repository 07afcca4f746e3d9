package whereabouts_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/queries/whereabouts"
)

// check asks whether prisoners may go to a text in XAA; "" is anywhere.
func (w *where) check(to string, numbers ...domain.PrisonerNumber) (whereabouts.MoveCheck, error) {
	w.t.Helper()
	var destination domain.Destination
	if to != "" {
		var err error
		destination, err = w.Destination("XAA", to)
		require.NoError(w.t, err)
	}
	return w.MoveCheck(w.t.Context(), whereabouts.Question{Numbers: numbers, Prison: "XAA", To: destination, AtLeast: w.position})
}

// said is an answer in a few words, in the order of the answer.
func said(found whereabouts.MoveCheck) (all []string) {
	short := func(m domain.MovedRecord) string {
		return string(m.Prisoner[0]) + string(m.Other[0]) + " " + m.Location
	}
	for _, c := range found.Conflicts {
		all = append(all, fmt.Sprintf("%s %s %t", short(c.MovedRecord), c.Near, c.TooClose))
	}
	for _, c := range found.CannotPlace {
		all = append(all, short(c.MovedRecord)+" "+string(c.Why))
	}
	for _, c := range found.LeftOut {
		all = append(all, short(c.MovedRecord)+" "+string(c.Why)+" "+c.From)
	}
	return all
}

func TestMoveCheck_judgesAVanList(t *testing.T) {
	w := newWhere(t)
	w.people.put("A1111AA", "XAB", "A-1-001")
	w.people.put("B1111BB", "TRN", "")
	for number, text := range map[domain.PrisonerNumber]string{"C1111CC": "A-1-002", "D1111DD": "B-1-001", "E1111EE": "RECP"} {
		w.people.put(number, "XAA", text)
	}
	w.people.put("F1111FF", "TRN", "")
	w.people.put("G1111GG", "OUT", "", inHospital)
	w.people.put("H1111HH", "XAC", "A-1-001")
	w.people.put("I1111II", "OUT", "")
	for other, code := range map[domain.PrisonerNumber]domain.TypeCode{
		"B1111BB": domain.TypeCell, "C1111CC": domain.TypeLanding, "D1111DD": domain.TypeTotal, "E1111EE": domain.TypeCell, "F1111FF": domain.TypeCell,
		"G1111GG": domain.TypeCell, "H1111HH": domain.TypeTotal, "I1111II": domain.TypeTotal, "J1111JJ": domain.TypeCell,
	} {
		w.apart("A1111AA", other, code, longAgo)
	}
	found, err := w.check("A-1", "B1111BB", "A1111AA")
	require.NoError(t, err)
	got := said(found)
	slices.Sort(got[3:6])
	require.Equal(t, []string{
		"BA  LANDING true",
		"AC A-1-002 LANDING true",
		"AD B-1-001 PRISON false",
		"AE RECP NO_CELL",
		"AF  IN_TRANSIT",
		"AJ  UNKNOWN",
		"AG  RESTRICTED_PATIENT ",
	}, got)
	require.Equal(t, w.position, found.Position)
	require.Equal(t, noon, found.LocationsAt)

	// The last locations hold whatever their age; of the others nothing is known now, and
	// nobody is unknown.
	w.search.Down(true)
	w.pass(time.Hour)
	found, err = w.check("A-1", "B1111BB", "A1111AA", "Z1111ZZ")
	require.NoError(t, err)
	got = said(found)
	slices.Sort(got[3:])
	require.Equal(t, []string{
		"BA  LANDING true", "AC A-1-002 LANDING true", "AD B-1-001 PRISON false",
		"AE RECP NO_CELL", "AF  UNKNOWN", "AG  UNKNOWN", "AH  UNKNOWN", "AI  UNKNOWN", "AJ  UNKNOWN",
	}, got)
	require.Equal(t, noon, found.LocationsAt)
	require.True(t, found.OthersUnread)
}

func TestMoveCheck_refusesWhomNobodyKnows(t *testing.T) {
	w := newWhere(t)
	w.people.put("A1111AA", "XAA", "A-1-001")
	w.people.put("B1111BB", "", "")
	w.apart("C1111CC", "D1111DD", domain.TypeCell, longAgo)
	w.merge("E1111EE", "A1111AA")
	_, err := w.check("", "A1111AA", "B1111BB", "C1111CC", "E1111EE")
	require.NoError(t, err)
	_, err = w.check("", "Z1111ZZ", "A1111AA", "Y1111YY")
	require.Equal(t, whereabouts.UnknownPrisoners{"Z1111ZZ", "Y1111YY"}, err)
	require.EqualError(t, err, "Z1111ZZ, Y1111YY")

	// A record that was deleted is something that the log holds.
	id := w.apart("Z1111ZZ", "D1111DD", domain.TypeCell, longAgo)
	deletion := domain.Delete{ID: id}
	receipt, err := w.commands.ExecuteByID(t.Context(), domain.Cause{CommandID: id, Actor: "A", Source: domain.DPS}, id, deletion)
	require.NoError(t, err)
	w.position = receipt.Position.Uint64()
	found, err := w.check("", "Z1111ZZ")
	require.NoError(t, err)
	require.Empty(t, said(found))
}

// The directory may have received somebody a moment ago: what is cached denies nobody.
func TestMoveCheck_deniesByAnAnswerOfNow(t *testing.T) {
	w := newWhere(t)
	w.people.put("A1111AA", "XAA", "A-1-001")
	_, err := w.check("", "B1111BB")
	require.Equal(t, whereabouts.UnknownPrisoners{"B1111BB"}, err)
	w.people.put("B1111BB", "TRN", "")
	_, err = w.check("", "B1111BB")
	require.NoError(t, err)
}

func TestMoveCheck_takesARemovedNumberForItselfAndItsSurvivor(t *testing.T) {
	w := newWhere(t)
	w.people.put("B1111BB", "TRN", "")
	w.people.put("C1111CC", "XAA", "A-1-001")
	w.people.put("E1111EE", "XAA", "B-1-001")
	w.apart("A1111AA", "C1111CC", domain.TypeCell, longAgo)
	w.apart("B1111BB", "C1111CC", domain.TypeWing, longAgo)
	w.apart("B1111BB", "D1111DD", domain.TypeCell, longAgo)
	_, err := w.check("A", "C1111CC") // waits for the records
	require.NoError(t, err)
	w.merge("A1111AA", "B1111BB")
	w.merge("D1111DD", "E1111EE")
	for _, asked := range [][]domain.PrisonerNumber{{"A1111AA"}, {"B1111BB"}, {"A1111AA", "B1111BB"}} {
		found, err := w.check("A", asked...)
		require.NoError(t, err)
		require.Equal(t, []string{"BC A-1-001 WING true", "AC A-1-001 WING true", "BD B-1-001 PRISON false"}, said(found), "%v", asked)
	}
	found, err := w.check("A", "C1111CC", "A1111AA")
	require.NoError(t, err)
	require.Equal(t, []string{"CB  WING true", "CA  WING true", "BD B-1-001 PRISON false"}, said(found), "the names of one are on the list")
}

func TestMoveCheck_aPrisonThatIsNotKnownIsNeverEmpty(t *testing.T) {
	w := newWhere(t)
	w.people.put("A1111AA", "XAA", "A-1-001")
	ask := whereabouts.Question{Numbers: []domain.PrisonerNumber{"A1111AA"}, Prison: "XAB"}
	_, err := w.MoveCheck(t.Context(), ask)
	require.ErrorIs(t, err, whereabouts.ErrUnknownPrison)
	ask.Caseloads = []domain.PrisonID{"XAB"}
	_, err = w.MoveCheck(t.Context(), ask)
	require.NoError(t, err)
	w.search.Down(true)
	_, err = w.MoveCheck(t.Context(), ask)
	require.ErrorIs(t, err, whereabouts.ErrNoLocations)
	ask.AtLeast, ask.Prison = 1_000_000, "XAA"
	w.search.Down(false)
	w.pass(time.Hour) // until the breaker asks again
	_, err = w.MoveCheck(t.Context(), ask)
	require.ErrorIs(t, err, queries.ErrBehind)
}
