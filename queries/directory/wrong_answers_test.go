package directory_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries/directory"
)

// entry is one prisoner of an answer.
func entry(number domain.PrisonerNumber, name string) string {
	return fmt.Sprintf(`{"prisonerNumber":%q,"firstName":%q,"lastName":"Doe","prisonId":"MDI","prisonName":"Moorland","cellLocation":"A-1"}`, number, name)
}

func TestAnswer_wrongHarmsNoOther(t *testing.T) {
	const one, two, stranger = domain.PrisonerNumber("A1111AA"), domain.PrisonerNumber("B2222BB"), domain.PrisonerNumber("C3333CC")
	asked := []domain.PrisonerNumber{one, two}
	john, mary := entry(one, "John"), entry(two, "Mary")
	for name, lie := range map[string]struct {
		answer  string
		names   map[domain.PrisonerNumber]string
		missing []domain.PrisonerNumber // nil: unavailable, unless all are known
	}{
		"the truth":        {"[" + john + "," + mary + "]", map[domain.PrisonerNumber]string{one: "John", two: "Mary"}, nil},
		"more fields":      {`[{"extra":{"a":[1]},` + john[1:] + "]", map[domain.PrisonerNumber]string{one: "John"}, asked[1:]},
		"lower case":       {"[" + strings.ReplaceAll(john, "A1111AA", "a1111aa") + "]", map[domain.PrisonerNumber]string{one: "John"}, asked[1:]},
		"a stranger":       {"[" + entry(stranger, "Eve") + "," + mary + "]", map[domain.PrisonerNumber]string{two: "Mary"}, asked[:1]},
		"nobody":           {"[]", nil, asked},
		"the same twice":   {"[" + john + "," + john + "]", map[domain.PrisonerNumber]string{one: "John"}, asked[1:]},
		"a contradiction":  {"[" + john + "," + entry(one, "Jack") + "]", map[domain.PrisonerNumber]string{one: ""}, asked[1:]},
		"no name":          {`[{"prisonerNumber":"A1111AA","firstName":null}]`, map[domain.PrisonerNumber]string{one: ""}, asked[1:]},
		"a long name":      {"[" + entry(one, strings.Repeat("x", 5000)) + "]", map[domain.PrisonerNumber]string{one: ""}, asked[1:]},
		"a name to be run": {"[" + entry(one, "\u202eJohn") + "]", map[domain.PrisonerNumber]string{one: ""}, asked[1:]},
		"a number as name": {`[{"prisonerNumber":"A1111AA","firstName":5},` + mary + "]", map[domain.PrisonerNumber]string{two: "Mary"}, nil},
		"no number":        {`[{"firstName":"John"},` + mary + "]", map[domain.PrisonerNumber]string{two: "Mary"}, nil},
		"a wrong number":   {"[" + entry("A11", "John") + "," + mary + "]", map[domain.PrisonerNumber]string{two: "Mary"}, nil},
		"no prisoner":      {"[7," + mary + "]", map[domain.PrisonerNumber]string{two: "Mary"}, nil},
		"cut off":          {"[" + john + "," + mary, nil, nil},
		"two answers":      {"[" + john + "][" + mary + "]", nil, nil},
		"no list":          {john, nil, nil},
		"null":             {"null", nil, nil},
		"nothing":          {"", nil, nil},
		"a page":           {"<html>sorry</html>", nil, nil},
		"no text":          {"[\"\xff\"]", nil, nil},
		"far too much":     {"[" + strings.Repeat(entry(stranger, "Eve")+",", 2000) + john + "]", nil, nil},
		"one huge string":  {`["` + strings.Repeat("x", 1<<20) + `"]`, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.search.Lie(func([]string) []byte { return []byte(lie.answer) })
			found, err := h.directory.Find(t.Context(), asked)
			if lie.missing == nil && len(lie.names) < len(asked) {
				require.ErrorIs(t, err, directory.ErrUnavailable)
				require.NotContains(t, err.Error(), "John")
			} else {
				require.NoError(t, err)
			}
			require.Len(t, found, len(lie.names))
			for number, first := range lie.names {
				require.Equal(t, number, found[number].Number)
				require.Equal(t, first, found[number].FirstName)
			}
			missing, _, err := h.directory.Missing(t.Context(), asked)
			require.Equal(t, lie.missing, missing)
			if lie.missing == nil && len(lie.names) < len(asked) {
				require.ErrorIs(t, err, directory.ErrUnavailable, "a wrong answer denies no number")
			}
		})
	}
}

func TestAnswer_contradictionKeepsWhatAgrees(t *testing.T) {
	const one = domain.PrisonerNumber("A1111AA")
	h := newHarness(t)
	john, jack := entry(one, "John"), strings.ReplaceAll(entry(one, "Jack"), "A-1", "B-2")
	h.search.Lie(func([]string) []byte { return []byte("[" + john + "," + jack + "," + john + "]") })
	require.Equal(t, map[domain.PrisonerNumber]directory.Prisoner{
		one: {Number: one, LastName: "Doe", PrisonID: "MDI", PrisonName: "Moorland"},
	}, h.finds(one))
	missing, nowhere, err := h.directory.Missing(t.Context(), []domain.PrisonerNumber{one})
	require.NoError(t, err)
	require.Empty(t, missing)
	require.Empty(t, nowhere, "whatever the name is, the prison is known")
}
