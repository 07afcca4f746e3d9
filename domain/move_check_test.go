package domain_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
)

// to is a move of A1111AA alone to a text; "" is anywhere.
func to(t require.TestingT, parts domain.WingParts, text string) domain.Move {
	move := domain.Move{Prisoners: map[domain.PrisonerNumber]int{"A1111AA": 0}}
	if text != "" {
		var err error
		move.To, err = parts.ParseDestination("XAA", text)
		require.NoError(t, err)
	}
	return move
}

func TestMoveCheck_judgesByDestinationAndRestriction(t *testing.T) {
	for _, c := range []struct {
		to, other string
		near      domain.Near
		broken    string
	}{
		{"A-1-001", "A-1-001", domain.NearCell, "CELL LANDING WING"},
		{"A-1-001", "A-1-002", domain.NearLanding, "LANDING WING"},
		{"A-1-001", "A-2-001", domain.NearWing, "WING"},
		{"A-1-001", "B-1-001", domain.NearPrison, ""},
		{"A-1", "A-1-001", domain.NearLanding, "CELL LANDING WING"},
		{"A-1", "A-2-001", domain.NearWing, "WING"},
		{"A-1", "A-11-001", domain.NearWing, "WING"},
		{"A", "A-1-001", domain.NearWing, "CELL LANDING WING"},
		{"a", "xaa-A-1-001", domain.NearWing, "CELL LANDING WING"},
		{"A", "B-1-001", domain.NearPrison, ""},
		{"A-1-X", "A-1-001", domain.NearLanding, "LANDING WING"},
		{"A-1", "A-1-2-001", domain.NearWing, "CELL LANDING WING"},
		{"", "A-1-001", domain.NearPrison, "CELL LANDING WING"},
		{"RECP", "RECP", domain.NearPlace, "CELL LANDING WING"},
		{"RECP", "XAA-recp", domain.NearPlace, "CELL LANDING WING"},
		{"RECP", "A-1-001", domain.NearPrison, ""},
		{"A-1", "A-1", domain.NearPlace, "CELL LANDING WING"},
	} {
		for _, restriction := range []domain.Restriction{domain.Cell, domain.Landing, domain.Wing} {
			name := c.to + " " + c.other + " " + string(restriction)
			record := apart("A1111AA", "B1111BB", restriction)
			found := at("@XAB", c.other).CheckMove(to(t, nil, c.to), []domain.OpenRecord{record}, day)
			require.Equal(t, domain.MoveCheck{Conflicts: []domain.MoveConflict{{
				MovedRecord: domain.MovedRecord{
					OpenRecord: record, Prisoner: "A1111AA", Other: "B1111BB",
					Location: wingParts.Location("XAA", c.other).Text(),
				},
				Near: c.near, TooClose: strings.Contains(c.broken, string(restriction)),
			}}}, found, name)
		}
	}
}

func TestMoveCheck_saysWhoCannotBePlaced(t *testing.T) {
	for place, want := range map[string]domain.PlaceFault{
		"COURT": domain.NoCell, "": domain.NoCell, "A-1": domain.NoCell, "@TRN": domain.InTransit, "@": domain.UnknownPlace, "@XAB": "", "@OUT": "",
	} {
		for _, destination := range []string{"RECP", "A", "A-1-001", ""} {
			record := apart("A1111AA", "B1111BB", domain.Cell)
			found := at("@XAB", place).CheckMove(to(t, nil, destination), []domain.OpenRecord{record}, day)
			require.Empty(t, found.Conflicts, place)
			require.Empty(t, found.LeftOut, place)
			if want == "" {
				require.Empty(t, found.CannotPlace, place)
				continue
			}
			require.Len(t, found.CannotPlace, 1, place)
			require.Equal(t, want, found.CannotPlace[0].Why, place)
			location := place
			if strings.HasPrefix(place, "@") {
				location = ""
			}
			require.Equal(t, location, found.CannotPlace[0].Location)
		}
	}
	missing := at("A-1-001").CheckMove(to(t, nil, ""), []domain.OpenRecord{apart("A1111AA", "B1111BB", domain.Cell)}, day)
	require.Equal(t, domain.UnknownPlace, missing.CannotPlace[0].Why)
}

func TestMoveCheck_leavesOut(t *testing.T) {
	tomorrow := from("2026-07-16T00:00:00")
	records := []domain.OpenRecord{
		apart("A1111AA", "B1111BB", domain.Wing, tomorrow),
		apart("A1111AA", "C1111CC", domain.Wing),
		apart("A1111AA", "D1111DD", domain.Wing, tomorrow), // in another prison
		apart("A1111AA", "E1111EE", domain.Wing, tomorrow), // in transit
		apart("A1111AA", "F1111FF", domain.Landing, tomorrow),
	}
	found := at("A-1-001", "B-1-001", "@HOSP", "@XAB", "@TRN", "@HOSP").CheckMove(to(t, nil, "A"), records, day)
	require.Empty(t, found.Conflicts)
	require.Empty(t, found.CannotPlace)
	var why []domain.LeftOutReason
	var when []string
	for _, one := range found.LeftOut {
		why, when = append(why, one.Why), append(when, string(one.Other)+" "+one.From)
	}
	require.Equal(t, []domain.LeftOutReason{domain.LeftOutRestricted, domain.LeftOutPending, domain.LeftOutPending, domain.LeftOutRestricted}, why)
	require.Equal(t, []string{"C1111CC ", "B1111BB 2026-07-16", "E1111EE 2026-07-16", "F1111FF 2026-07-16"}, when)
}

func TestMoveCheck_twoOnTheListStandOnceWhereverTheyAre(t *testing.T) {
	places := []string{"A-1-001", "B-1-001", "RECP", "", "@XAB", "@TRN", "@OUT", "@", "@HOSP"}
	for _, one := range places {
		for _, other := range places {
			for text, size := range map[string]domain.Near{
				"": domain.NearPrison, "A": domain.NearWing, "RECP": domain.NearWing, "A-1": domain.NearLanding, "A-1-001": domain.NearCell,
			} {
				move := to(t, nil, text)
				move.Prisoners = map[domain.PrisonerNumber]int{"A1111AA": 1, "B1111BB": 0}
				found := at(one, other).CheckMove(move, []domain.OpenRecord{apart("A1111AA", "B1111BB", domain.Cell)}, day)
				require.Len(t, found.Conflicts, 1)
				require.Empty(t, found.CannotPlace)
				require.Empty(t, found.LeftOut)
				c := found.Conflicts[0]
				require.EqualValues(t, "B1111BB", c.Prisoner, "the one who stands first on the list")
				require.EqualValues(t, "A1111AA", c.Other)
				require.True(t, c.Both)
				require.True(t, c.TooClose)
				require.Equal(t, size, c.Near)
				require.Empty(t, c.Location)
			}
		}
	}
}

func TestMoveCheck_passesOverOthers(t *testing.T) {
	found := at("A-1-001", "A-1-001", "A-1-001").CheckMove(to(t, nil, ""), []domain.OpenRecord{apart("B1111BB", "C1111CC", domain.Wing)}, day)
	require.Equal(t, domain.MoveCheck{}, found)
}

func TestMoveCheck_theListComesFirstThenWhatIsTooClose(t *testing.T) {
	records := []domain.OpenRecord{
		apart("A1111AA", "B1111BB", domain.Cell),    // both on the list
		apart("A1111AA", "D1111DD", domain.Landing), // the same landing
		apart("A1111AA", "C1111CC", domain.Wing),    // the same wing
		apart("A1111AA", "F1111FF", domain.Cell),    // the same landing, and allowed
		apart("A1111AA", "E1111EE", domain.Wing),    // another wing
	}
	move := to(t, nil, "A-1-009")
	move.Prisoners["B1111BB"] = 1
	rapid.Check(t, func(t *rapid.T) {
		found := at("@XAB", "@XAB", "A-2-001", "A-1-002", "B-1-001", "A-1-001").CheckMove(move, rapid.Permutation(records).Draw(t, "records"), day)
		for i, one := range found.Conflicts {
			require.Equal(t, records[i], one.OpenRecord)
		}
	})
}

// A move is too close exactly when some cell inside the destination breaks the record, and
// it is as near as the farthest of these cells.
func TestMoveCheck_isWhatEveryCellInsideSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wing := rapid.IntRange(1, 2).Draw(t, "wing")
		parts := domain.WingParts{"XAA": wing}
		cells := everyCell(wing + rapid.IntRange(2, 3).Draw(t, "landing"))
		other := rapid.SampledFrom(cells).Draw(t, "other")
		restriction := restrictions.Draw(t, "restriction")
		names := strings.Split(rapid.SampledFrom(cells).Draw(t, "around"), "-")
		destination := strings.Join(names[:rapid.IntRange(0, len(names)).Draw(t, "length")], "-")

		farthest, broken := 0, false
		for _, cell := range cells {
			if destination != "" && !strings.HasPrefix(cell+"-", destination+"-") {
				continue
			}
			near := nearSaid(cell, other, wing)
			farthest = max(farthest, slices.Index(farthestSaid, near))
			broken = broken || slices.Contains(strings.Fields(brokenSaid[restriction]), string(near))
		}

		places := at("@XAB", other)
		places.WingParts = parts
		found := places.CheckMove(to(t, parts, destination), []domain.OpenRecord{apart("A1111AA", "B1111BB", restriction)}, day)
		require.Len(t, found.Conflicts, 1)
		require.Equal(t, broken, found.Conflicts[0].TooClose, "%s to %q", other, destination)
		require.Equal(t, farthestSaid[farthest], found.Conflicts[0].Near, "%s to %q", other, destination)
	})
}

// Wherever the others are, each record of the list is in one part of the answer at most,
// and missing only where the other is in another prison or outside.
func TestMoveCheck_losesNobody(t *testing.T) {
	places := []string{"A-1-001", "B-1-001", "RECP", "COURT", "", "@XAB", "@TRN", "@OUT", "@", "@HOSP"}
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.SampledFrom(places).Draw(t, "place")
		begins := rapid.SampledFrom([]domain.LocalDateTime{"2020-01-01T00:00:00", "2030-01-01T00:00:00"}).Draw(t, "from")
		move := to(t, nil, rapid.SampledFrom([]string{"", "A", "A-1", "A-1-001", "RECP"}).Draw(t, "to"))
		record := apart("A1111AA", "B1111BB", restrictions.Draw(t, "restriction"), from(begins))
		found := at("@XAB", place).CheckMove(move, []domain.OpenRecord{record}, day)
		require.Equal(t, btoi(place != "@XAB" && place != "@OUT"), len(found.Conflicts)+len(found.CannotPlace)+len(found.LeftOut), place)
	})
}
