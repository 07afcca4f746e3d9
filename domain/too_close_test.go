package domain_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
)

func TestTooClose_isBrokenByTheRestriction(t *testing.T) {
	for _, c := range []struct {
		one, other string
		near       domain.Near
		broken     string // the restrictions that are
	}{
		{"A-1-001", "A-1-001", domain.NearCell, "CELL LANDING WING"},
		{"A-1-001", "XAA-a-1-001", domain.NearCell, "CELL LANDING WING"},
		{"A-1-001", "A-1-002", domain.NearLanding, "LANDING WING"},
		{"A-1-001", "A-2-001", domain.NearWing, "WING"},
		{"A-1-001", "B-1-001", domain.NearPrison, ""},
		{"A-1-001", "A-11-001", domain.NearWing, "WING"},
		{"A-1-001", "AA-1-001", domain.NearPrison, ""},
		{"RECP", "RECP", domain.NearPlace, "CELL LANDING WING"},
		{"XAA-RECP", "recp", domain.NearPlace, "CELL LANDING WING"},
		{"A-1", "A-1", domain.NearPlace, "CELL LANDING WING"},
		{"RECP", "COURT", domain.NearPrison, "?"},
		{"RECP", "A-1-001", domain.NearPrison, "?"},
		{"A-1", "A-1-001", domain.NearPrison, "?"},
		{"", "A-1-001", domain.NearPrison, "?"},
		{"", "RECP", domain.NearPrison, "?"},
		{"", "", domain.NearPrison, "?"},
	} {
		for _, restriction := range []domain.Restriction{domain.Cell, domain.Landing, domain.Wing} {
			name := c.one + " " + c.other + " " + string(restriction)
			found := at(c.one, c.other).TooClose([]domain.OpenRecord{apart("A1111AA", "B1111BB", restriction)}, day)
			require.Len(t, found.TooClose, btoi(strings.Contains(c.broken, string(restriction))), name)
			require.Len(t, found.CannotPlace, btoi(c.broken == "?"), name)
			require.Empty(t, found.LeftOut, name)
			for _, one := range slices.Concat(found.TooClose, found.CannotPlace) {
				require.Equal(t, c.near, one.Near, name)
			}
		}
	}
}

func btoi(is bool) int {
	if is {
		return 1
	}
	return 0
}

func TestTooClose_totalAndExerciseCountAsWing(t *testing.T) {
	for _, code := range []domain.TypeCode{domain.TypeDoNotExercise, domain.TypeTotal} {
		record := apart("A1111AA", "B1111BB", domain.Cell, nomisType(code))
		require.Len(t, at("A-1-001", "A-2-001").TooClose([]domain.OpenRecord{record}, day).TooClose, 1, code)
		require.Empty(t, at("A-1-001", "B-2-001").TooClose([]domain.OpenRecord{record}, day).TooClose, code)
	}
}

func TestTooClose_isOfTwoWhoAreHere(t *testing.T) {
	for place, want := range map[string]string{
		"@XAB": "", "@TRN": "", "@OUT": "", "@": "", "@HOSP": "left out", "A-1-001": "too close",
	} {
		for _, swapped := range []bool{false, true} {
			texts := []string{"A-1-001", place}
			if swapped {
				slices.Reverse(texts)
			}
			found := at(texts...).TooClose([]domain.OpenRecord{apart("A1111AA", "B1111BB", domain.Cell)}, day)
			require.Len(t, found.TooClose, btoi(want == "too close"), place)
			require.Len(t, found.LeftOut, btoi(want == "left out"), place)
			require.Empty(t, found.CannotPlace, place)
		}
	}
	neither := at("@XAB", "@HOSP", "@HOSP").TooClose([]domain.OpenRecord{
		apart("A1111AA", "B1111BB", domain.Cell), apart("B1111BB", "C1111CC", domain.Cell),
	}, day)
	require.Equal(t, domain.TooClose{}, neither)
}

func TestTooClose_whatIsToComeIsLeftOut(t *testing.T) {
	records := []domain.OpenRecord{
		apart("A1111AA", "B1111BB", domain.Wing, from("2026-07-16T00:00:00")),
		apart("A1111AA", "C1111CC", domain.Wing, from("2026-07-15T23:59:59")),
		apart("A1111AA", "D1111DD", domain.Wing, from("2026-08-01T00:00:00")),
		apart("A1111AA", "E1111EE", domain.Wing),
		apart("A1111AA", "F1111FF", domain.Wing, from("2026-07-16T00:00:00")),
	}
	found := at("A-1-001", "A-1-001", "A-1-001", "@HOSP", "@HOSP", "@XAB").TooClose(records, day)
	require.Len(t, found.TooClose, 1)
	require.Equal(t, records[1], found.TooClose[0].OpenRecord)
	require.Equal(t, []domain.LeftOutRecord{
		{OpenRecord: records[3], Why: domain.LeftOutRestricted},
		{OpenRecord: records[0], Why: domain.LeftOutPending, From: "2026-07-16"},
		{OpenRecord: records[2], Why: domain.LeftOutRestricted, From: "2026-08-01"},
	}, found.LeftOut)
}

func TestTooClose_theNearestComeFirst(t *testing.T) {
	// In the order that is wanted; each line differs from the next in what it is about.
	want := []domain.OpenRecord{
		apart("A1111AA", "B1111BB", domain.Cell, from("2022-01-01T00:00:00")),                                      // the same place
		apart("C1111CC", "D1111DD", domain.Cell, from("2022-01-01T00:00:00"), nomisType(domain.TypeTotal)),         // the same cell
		apart("D1111DD", "E1111EE", domain.Landing, from("2022-01-01T00:00:00")),                                   // less strict
		apart("C1111CC", "E1111EE", domain.Cell, from("2020-01-01T00:00:00")),                                      // less strict
		apart("E1111EE", "F1111FF", domain.Wing, from("2019-01-01T00:00:00"), nomisType(domain.TypeDoNotExercise)), // the same landing
		apart("D1111DD", "F1111FF", domain.Wing, from("2019-01-01T00:00:01")),                                      // newer
		apart("C1111CC", "G1111GG", domain.Wing, from("2018-01-01T00:00:00")),                                      // the same wing
		apart("D1111DD", "G1111GG", domain.Wing, from("2018-01-01T00:00:00")),                                      // larger numbers
	}
	places := at("RECP", "RECP", "A-1-001", "A-1-001", "A-1-001", "A-1-002", "A-2-001")
	rapid.Check(t, func(t *rapid.T) {
		found := places.TooClose(rapid.Permutation(want).Draw(t, "records"), day)
		require.Len(t, found.TooClose, len(want))
		for i, one := range found.TooClose {
			require.Equal(t, want[i], one.OpenRecord, i)
		}
	})
}

// Of two in cells a record is too close exactly when the rule, said over texts, forbids
// their distance. No record of two people here is lost, whichever of the two comes first.
func TestTooClose_isWhatTheRuleSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wing := rapid.IntRange(1, 2).Draw(t, "wing")
		cells := append(everyCell(wing+rapid.IntRange(2, 3).Draw(t, "landing")), "RECP", "COURT", "")
		texts := []string{rapid.SampledFrom(cells).Draw(t, "one"), rapid.SampledFrom(cells).Draw(t, "other")}
		restriction := restrictions.Draw(t, "restriction")
		records := []domain.OpenRecord{apart("A1111AA", "B1111BB", restriction)}
		places := at(texts...)
		places.WingParts = domain.WingParts{"XAA": wing}
		found := places.TooClose(records, day)

		placed := !strings.HasPrefix(texts[0], "R") && !strings.HasPrefix(texts[0], "C") && texts[0] != "" &&
			!strings.HasPrefix(texts[1], "R") && !strings.HasPrefix(texts[1], "C") && texts[1] != ""
		switch {
		case !placed && texts[0] == texts[1] && texts[0] != "":
			require.Len(t, found.TooClose, 1)
			require.Equal(t, domain.NearPlace, found.TooClose[0].Near)
		case !placed:
			require.Len(t, found.CannotPlace, 1)
		default:
			near := nearSaid(texts[0], texts[1], wing)
			require.Len(t, found.TooClose, btoi(slices.Contains(strings.Fields(brokenSaid[restriction]), string(near))))
			require.Empty(t, found.CannotPlace)
			require.Equal(t, near, places.Placed(records, day)[0].Near)
		}

		slices.Reverse(texts)
		mirrored := at(texts...)
		mirrored.WingParts = places.WingParts
		again := mirrored.TooClose(records, day)
		require.Len(t, again.TooClose, len(found.TooClose))
		require.Len(t, again.CannotPlace, len(found.CannotPlace))
	})
}
