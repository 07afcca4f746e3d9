package api_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/prisonersearch"
)

// places are where the prisoners of a test are, and what was asked of them.
type places struct {
	mu    sync.Mutex
	at    map[string]string
	asked []string // of the last question
}

// moving is a test server whose prisoners move: B and C are with A in MDI, D is in
// LEI, and the directory does not know E.
func moving(t *testing.T) (*testServer, *prisonersearch.Server, *places) {
	t.Helper()
	h, server := search(t)
	p := &places{at: map[string]string{"A9109UD": "MDI", "B1111BB": "MDI", "C1111CC": "MDI", "D1111DD": "LEI"}}
	server.Lie(p.tell)
	return h, server, p
}

func (p *places) tell(asked []string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = slices.Sorted(slices.Values(asked))
	var all []string
	for _, number := range asked {
		if place, known := p.at[number]; known {
			all = append(all, fmt.Sprintf(`{"prisonerNumber":%q,"firstName":"A","lastName":%q,"prisonId":%q}`, number, number, place))
		}
	}
	return []byte("[" + strings.Join(all, ",") + "]")
}

func (p *places) move(number, place string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at[number] = place
}

func (p *places) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.asked, " ")
}

// prisonFilters are all that leave prisoners out for a prison, by the parameter
// that asks for it; each gives the years of A's list, or of the group of all.
var prisonFilters = map[string]func(*testServer) string{
	"GET /prisoner/{prisonerNumber}/non-associations includeOtherPrisons": func(h *testServer) string {
		return h.ofPrisoner("A9109UD", "?sortDirection=ASC").years()
	},
	"POST /non-associations/between prisonId": func(h *testServer) string {
		return h.group("between?prisonId=MDI", `["A9109UD","B1111BB","C1111CC","D1111DD","E1111EE"]`)
	},
	"GET /legacy/api/offenders/{prisonerNumber}/non-association-details currentPrisonOnly": func(h *testServer) string {
		return h.legacyYears("A9109UD", "?currentPrisonOnly=true&excludeInactive=true")
	},
}

const (
	everybody = "2021 2023 2024 2100"
	withoutD  = "2021 2023 2100"
)

func TestFilters_byPrisonAreAllWalked(t *testing.T) {
	var documented, walked []string
	for path, item := range openContract(t).root["paths"].(map[string]any) {
		for method, operation := range item.(map[string]any) {
			parameters, _ := operation.(map[string]any)["parameters"].([]any)
			for _, parameter := range parameters {
				p := parameter.(map[string]any)
				name, _ := p["name"].(string)
				if p["in"] == "query" && regexp.MustCompile(`(?i)prisonI|prisonO|prisons|caseload|location`).MatchString(name) {
					documented = append(documented, strings.ToUpper(method)+" "+path+" "+name)
				}
			}
		}
	}
	for name := range prisonFilters {
		walked = append(walked, name)
	}
	require.ElementsMatch(t, documented, walked)
}

func TestLists_hideNoPrisonerOnACachedPlace(t *testing.T) {
	const all = "A9109UD B1111BB C1111CC D1111DD E1111EE"
	for name, filter := range prisonFilters {
		h, server, p := moving(t)
		require.Equal(t, withoutD, filter(h), name)
		require.Equal(t, 1, server.Asked(), "%s: what was told just now is not asked again", name)
		require.Equal(t, all, p.last())

		require.Equal(t, withoutD, filter(h), name)
		require.Equal(t, 2, server.Asked(), "%s: a list that would hide D asks again, once", name)
		require.Equal(t, all, p.last(), "%s: of either prisoner", name)

		p.move("D1111DD", "MDI")
		require.Equal(t, everybody, filter(h), name)
		require.Equal(t, 3, server.Asked())
		require.Equal(t, everybody, filter(h), name)
		require.Equal(t, 3, server.Asked(), "%s: a list that hides no prisoner makes no call", name)
	}
}

func TestLists_hideNoPrisonerWithoutAnAnswerOfNow(t *testing.T) {
	forever := make(chan struct{})
	t.Cleanup(func() { close(forever) })
	for name, filter := range prisonFilters {
		for fault, turn := range map[string]func(*prisonersearch.Server){
			"down": func(s *prisonersearch.Server) { s.Down(true) },
			"slow": func(s *prisonersearch.Server) { s.Hold(forever) },
			"gone": func(s *prisonersearch.Server) { _ = s.Stop() },
			"nonsense": func(s *prisonersearch.Server) {
				s.Lie(func([]string) []byte {
					return []byte(`[{"prisonerNumber":"D1111DD","prisonId":"LEI"},{"prisonerNumber":7}]`)
				})
			},
			"nobody": func(s *prisonersearch.Server) { s.Lie(func([]string) []byte { return []byte(`[]`) }) },
		} {
			h, server, _ := moving(t)
			require.Equal(t, withoutD, filter(h), name)
			turn(server) // memory still says that D is in another prison
			require.Equal(t, everybody, filter(h), "%s: %s", name, fault)
		}
	}
}

func TestIfMatch_theOtherPrisonersMoveCountsTheSame(t *testing.T) {
	for name, filter := range prisonFilters {
		h, _, p := moving(t)
		require.Equal(t, withoutD, filter(h), name)
		p.move("A9109UD", "LEI")
		p.move("D1111DD", "LEI")
		want := "2024 2100" // A is with D now, and where E is is not known
		if strings.HasSuffix(name, "prisonId") {
			want = "" // all are A's, and A is not in MDI
		}
		require.Equal(t, want, filter(h), name)
	}
}

func TestPrisoner_inNoPrisonIsNotInAnother(t *testing.T) {
	for name, filter := range prisonFilters {
		for _, nowhere := range []string{"TRN", "OUT", "", "trn", " OUT ", "Out"} {
			h, _, p := moving(t)
			p.move("D1111DD", nowhere)
			require.Equal(t, everybody, filter(h), "%s: D in %q", name, nowhere)
			require.Equal(t, everybody, filter(h), "%s: D in %q", name, nowhere)
			h, _, p = moving(t)
			p.move("A9109UD", nowhere)
			want := everybody
			if strings.HasSuffix(name, "prisonId") {
				want = withoutD // D is in another than the one that is asked for
			}
			require.Equal(t, want, filter(h), "%s: A in %q", name, nowhere)
		}
	}
	h, _, _ := moving(t)
	group := `["A9109UD","B1111BB","C1111CC","D1111DD","E1111EE"]`
	for _, nowhere := range []string{"TRN", "OUT", "trn", "out"} {
		require.Equal(t, everybody, h.group("between?prisonId="+nowhere, group), "no prison is %s", nowhere)
	}
}

func TestPrison_isTheSameInAnyLetters(t *testing.T) {
	for name, filter := range prisonFilters {
		h, _, p := moving(t)
		p.move("B1111BB", "mdi")
		p.move("C1111CC", " MDI ")
		require.Equal(t, withoutD, filter(h), name)
	}
}
