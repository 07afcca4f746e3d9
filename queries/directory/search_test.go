package directory_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries/directory"
)

func TestSearchPrison_findsByNameAndNumber(t *testing.T) {
	h := newDocumented(t)
	for term, want := range map[string][]domain.PrisonerNumber{
		"ception": {"A2222AA", "A1111AA"}, "CEPTION rex": {"A1111AA"}, "a1111aa": {"A1111AA"}, "elsewhere": {}, "a/b?c&d": {},
	} {
		got, err := h.directory.SearchPrison(t.Context(), "XAA", term, 0)
		require.NoError(t, err)
		require.Equal(t, want, numbersOf(got.People), term)
		require.Equal(t, len(want), got.Total)
	}
}

func TestSearchPrison_hasPagesOfTwenty(t *testing.T) {
	h := newHarness(t)
	want := h.in("XAC")
	require.Greater(t, len(want), 2*directory.PageSize)
	var got []domain.PrisonerNumber
	for page := 0; ; page++ {
		p, err := h.directory.SearchPrison(t.Context(), "XAC", "", page)
		require.NoError(t, err)
		require.Equal(t, len(want), p.Total)
		if len(p.People) == 0 {
			break
		}
		require.LessOrEqual(t, len(p.People), directory.PageSize)
		require.True(t, slices.IsSortedFunc(p.People, func(a, b directory.Prisoner) int { return strings.Compare(a.LastName, b.LastName) }))
		got = append(got, numbersOf(p.People)...)
	}
	require.ElementsMatch(t, want, got)
}

func TestSearchGlobal_takesANumberOrNames(t *testing.T) {
	h := newDocumented(t)
	for query, want := range map[string][]domain.PrisonerNumber{
		" a4444aa ": {"A4444AA"}, "A6666AA": {"A6666AA"}, "Known": {"A7777AA"}, "ception": {"A2222AA", "A1111AA"},
		"Ception  REX third": {"A1111AA"}, "rex ception": {}, "": {}, " ": {}, "Z9999ZZ": {}, "A1": {},
	} {
		got, err := h.directory.SearchGlobal(t.Context(), query, 0)
		require.NoError(t, err)
		require.ElementsMatch(t, want, numbersOf(got.People), query)
		require.Equal(t, len(want), got.Total)
	}
	patient, err := h.directory.SearchGlobal(t.Context(), "A6666AA", 0)
	require.NoError(t, err)
	require.Equal(t, directory.Prisoner{
		Number: "A6666AA", FirstName: "Pat", LastName: "Patient", PrisonID: "OUT", PrisonName: "Outside",
		LocationDescription: "Example A (HMP) - discharged to a hospital", InOutStatus: "OUT", LastPrisonID: "XAA",
		RestrictedPatient: true, SupportingPrisonID: "XAA",
	}, patient.People[0])
	require.Equal(t, patient.People[0], h.finds("A6666AA")["A6666AA"])
}

// TestSearch_forWhatCannotBeSent finds nobody, and is no failure of the service: a few of
// them would open the circuit for everybody.
func TestSearch_forWhatCannotBeSent(t *testing.T) {
	h := newHarness(t)
	for _, text := range []string{"\xff", "Doe \xed\xa0\x80", "A1\xff", "\x00", strings.Repeat("x", 100_000), "1" + strings.Repeat("x", 100_000)} {
		asked := h.search.Asked()
		got, err := h.directory.SearchGlobal(t.Context(), text, 0)
		require.NoError(t, err, "%.9q", text)
		require.Empty(t, got.People)
		got, err = h.directory.SearchPrison(t.Context(), "XAC", text, 0)
		require.NoError(t, err, "%.9q", text)
		require.Empty(t, got.People)
		if len(text) > 1000 {
			require.Equal(t, asked, h.search.Asked(), "nobody has so long a name")
		}
	}
}
