package directory_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/prisonersearch"
	"nonassociations/queries/directory"
)

// newDocumented is a harness whose stand-in has the prisoners of the documentation too.
func newDocumented(t *testing.T) *harness {
	h := newHarness(t)
	search, err := prisonersearch.Serve(t.Context(), prisonersearch.WithExamples(h.estate))
	require.NoError(t, err)
	t.Cleanup(func() { _ = search.Stop() })
	h.search = search.StandIn
	h.directory = directory.New(t.Context(), directory.Options{URL: search.URL(), Clock: h.clock.Now, Timeout: time.Minute})
	t.Cleanup(h.directory.Close)
	return h
}

// in are the numbers of the people who have a place in the estate.
func (h *harness) in(prison string) []domain.PrisonerNumber {
	var numbers []domain.PrisonerNumber
	for _, p := range h.estate.Prisoners {
		if p.PrisonID == prison {
			numbers = append(numbers, p.Number)
		}
	}
	return numbers
}

func numbersOf(people []directory.Prisoner) []domain.PrisonerNumber {
	numbers := make([]domain.PrisonerNumber, len(people))
	for i, p := range people {
		numbers[i] = p.Number
	}
	return numbers
}

func TestPrison_isReadAsAWhole(t *testing.T) {
	h := newHarness(t)
	want := h.in("XAC")
	got, err := h.directory.Prison(t.Context(), "XAC")
	require.NoError(t, err)
	require.ElementsMatch(t, want, numbersOf(got.People))
	require.Equal(t, len(want), got.Total)
	require.Zero(t, got.Missing())
	for _, p := range got.People {
		known, _ := h.estate.Find(p.Number)
		require.Equal(t, directory.Prisoner{
			Number: p.Number, FirstName: known.FirstName, LastName: known.LastName,
			PrisonID: "XAC", PrisonName: known.PrisonName, CellLocation: known.CellLocation, InOutStatus: known.InOutStatus,
		}, p)
	}
	nobody, err := h.directory.Prison(t.Context(), "ZZZ")
	require.NoError(t, err)
	require.Empty(t, nobody.People)
	require.Zero(t, nobody.Missing())
}

func TestPrison_saysHowManyAreMissing(t *testing.T) {
	h := newHarness(t)
	h.search.Miss(3)
	got, err := h.directory.Prison(t.Context(), "XAC")
	require.NoError(t, err)
	require.Equal(t, 3, got.Missing())
	require.Len(t, got.People, got.Total-3)
}

func TestPrison_placesNobodyWhomTheServicePlacesElsewhere(t *testing.T) {
	person := func(number, more string) string { return fmt.Sprintf(`{"prisonerNumber":%q%s}`, number, more) }
	here, there, silent := person("A1111AA", `,"prisonId":"XAA"`), person("B2222BB", `,"prisonId":"XAB"`), person("C3333CC", "")
	page := func(people ...string) string {
		return fmt.Sprintf(`{"pageable":{"sort":[]},"totalElements":%d,"content":[%s],"last":true}`, len(people), strings.Join(people, ","))
	}
	for name, c := range map[string]struct {
		answer  string
		want    []domain.PrisonerNumber // nil: unavailable
		missing int
	}{
		"the truth":        {page(here, silent), []domain.PrisonerNumber{"A1111AA", "C3333CC"}, 0},
		"somebody else's":  {page(here, there), []domain.PrisonerNumber{"A1111AA"}, 1},
		"the same twice":   {page(here, here), []domain.PrisonerNumber{"A1111AA"}, 1},
		"more than it has": {`{"totalElements":0,"content":[` + here + `]}`, []domain.PrisonerNumber{"A1111AA"}, 1},
		"no prisoner":      {page(here, "7"), []domain.PrisonerNumber{"A1111AA"}, 1},
		"a wrong number":   {page(here, person("A11", "")), []domain.PrisonerNumber{"A1111AA"}, 1},
		"nobody":           {page(), []domain.PrisonerNumber{}, 0},
		"no total":         {`{"content":[` + here + `]}`, nil, 0},
		"a total as text":  {`{"content":[],"totalElements":"0"}`, nil, 0},
		"a total of null":  {`{"content":[],"totalElements":null}`, nil, 0},
		"a total below 0":  {`{"content":[],"totalElements":-1}`, nil, 0},
		"no content":       {`{"totalElements":0}`, nil, 0},
		"content twice":    {`{"content":[],"content":[],"totalElements":0}`, nil, 0},
		"content of null":  {`{"content":null,"totalElements":0}`, nil, 0},
		"a list":           {"[" + here + "]", nil, 0},
		"cut off":          {page(here)[:60], nil, 0},
		"two answers":      {page(here) + page(here), nil, 0},
		"nothing":          {"", nil, 0},
		"a web page":       {"<html>sorry</html>", nil, 0},
		"too much":         {`{"x":"` + strings.Repeat("x", 60<<20) + `","content":[],"totalElements":0}`, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := against(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(c.answer)) })
			got, err := d.Prison(t.Context(), "XAA")
			if c.want == nil {
				require.ErrorIs(t, err, directory.ErrUnavailable)
				require.Empty(t, got)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, numbersOf(got.People))
			require.Equal(t, c.missing, got.Missing())
			for _, p := range got.People {
				require.Equal(t, "XAA", p.PrisonID)
			}
		})
	}
}

// against is a directory that calls a handler over HTTP.
func against(t *testing.T, handle http.HandlerFunc) *directory.Directory {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	d := directory.New(t.Context(), directory.Options{URL: server.URL, Clock: time.Now, Timeout: time.Minute})
	t.Cleanup(d.Close)
	return d
}

// TestQuestions_areThoseOfTheService holds the addresses and bodies as they are sent.
func TestQuestions_areThoseOfTheService(t *testing.T) {
	const fields = "responseFields=prisonerNumber%2CfirstName%2ClastName%2CprisonId%2CprisonName%2CcellLocation%2C" +
		"locationDescription%2CinOutStatus%2ClastPrisonId%2CrestrictedPatient%2CsupportingPrisonId"
	var asked []string
	d := against(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, strings.TrimSpace(r.Method+" "+r.URL.String()+" "+string(body)))
		w.WriteHeader(http.StatusBadRequest) // so that the circuit stays closed
	})
	everyCall(t.Context(), d)
	_, _ = d.SearchGlobal(t.Context(), "a1b", 2)
	_, _ = d.SearchGlobal(t.Context(), "Doe John", 0)
	require.Equal(t, []string{
		`POST /prisoner-search/prisoner-numbers?` + fields + ` {"prisonerNumbers":["A9109UD"]}`,
		`GET /prison/XAA/prisoners?` + fields + `&size=3000`,
		`GET /prison/XAA/prisoners?page=0&size=20&sort=lastName%2CASC&term=x`,
		`POST /global-search?page=0&size=20 {"lastName":"x","location":"ALL","includeAliases":true}`,
		`GET /prison/XAA/prisoners?` + fields + `&size=1`,
		`POST /global-search?page=2&size=20 {"prisonerIdentifier":"A1B","location":"ALL","includeAliases":true}`,
		`POST /global-search?page=0&size=20 {"lastName":"Doe","firstName":"John","location":"ALL","includeAliases":true}`,
	}, asked)
}

// TestFields_thatAreLeftOutAreUnknown: none is guessed from another.
func TestFields_thatAreLeftOutAreUnknown(t *testing.T) {
	h := newDocumented(t)
	h.search.LeaveOut("restrictedPatient", "supportingPrisonId", "prisonName", "locationDescription", "inOutStatus", "lastPrisonId")
	want := directory.Prisoner{Number: "A6666AA", FirstName: "Pat", LastName: "Patient", PrisonID: "OUT"}
	require.Equal(t, want, h.finds("A6666AA")["A6666AA"])
}

func TestIsKnown_needsACaseloadOrSomebodyThere(t *testing.T) {
	h := newDocumented(t)
	known := func(prison domain.PrisonID, caseloads ...domain.PrisonID) bool {
		is, err := h.directory.IsKnown(t.Context(), prison, caseloads)
		require.NoError(t, err)
		return is
	}
	require.True(t, known("XAA"))
	require.False(t, known("ZZZ", "XAA"))
	require.False(t, known("OUT"), "people are there, but it is no prison")
	require.False(t, known("TRN"))
	require.False(t, known(""))
	h.search.Down(true)
	require.True(t, known("ZZZ", "XAA", "ZZZ"), "a caseload is known without the directory")
	_, err := h.directory.IsKnown(t.Context(), "XAA", nil)
	require.ErrorIs(t, err, directory.ErrUnavailable)
}

// everyCall calls each question once.
func everyCall(ctx context.Context, d *directory.Directory) map[string]error {
	_, find := d.FindNow(ctx, []domain.PrisonerNumber{"A9109UD"})
	_, prison := d.Prison(ctx, "XAA")
	_, term := d.SearchPrison(ctx, "XAA", "x", 0)
	_, global := d.SearchGlobal(ctx, "x", 0)
	_, known := d.IsKnown(ctx, "XAA", nil)
	return map[string]error{"find": find, "prison": prison, "term": term, "global": global, "known": known}
}

// TestDirectory_isAwayWhateverItAnswersInstead walks the statuses over every question.
func TestDirectory_isAwayWhateverItAnswersInstead(t *testing.T) {
	for _, status := range []int{401, 403, 404, 429, 500, 502, 503, 204, 301} {
		d := against(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		for name, err := range everyCall(t.Context(), d) {
			require.ErrorIs(t, err, directory.ErrUnavailable, "%s at %d", name, status)
		}
	}
}

func TestQuestion_thatIsRefusedOpensNoCircuit(t *testing.T) {
	h := newHarness(t)
	for range 10 {
		h.search.Refuse(http.StatusBadRequest)
		_, err := h.directory.SearchGlobal(t.Context(), "x", 0)
		require.ErrorIs(t, err, directory.ErrUnavailable)
	}
	h.search.Refuse(0)
	h.finds(h.numbers(1)...)
}

func TestPrison_waitsForTheTimeoutAtMost(t *testing.T) {
	inBubble(t, func(t *testing.T, h *harness) {
		forever := make(chan struct{})
		h.search.Hold(forever)
		for name, ask := range map[string]func() error{
			"prison": func() error { _, err := h.directory.Prison(t.Context(), "XAA"); return err },
			"search": func() error { _, err := h.directory.SearchPrison(t.Context(), "XAA", "", 0); return err },
			"global": func() error { _, err := h.directory.SearchGlobal(t.Context(), "x", 0); return err },
		} {
			began := time.Now()
			require.ErrorIs(t, ask(), directory.ErrUnavailable, name)
			require.Equal(t, 3*time.Second, time.Since(began), name)
		}
		asked := h.search.Asked()
		_, err := h.directory.Prison(t.Context(), "XAA")
		require.ErrorIs(t, err, directory.ErrUnavailable)
		require.Equal(t, asked, h.search.Asked(), "the circuit is open")
		h.search.Hold(nil)
		time.Sleep(pause)
		_, err = h.directory.Prison(t.Context(), "XAA")
		require.NoError(t, err)
	})
}

func TestCaller_thatLeavesIsNoFailureOfTheService(t *testing.T) {
	h := newHarness(t)
	release := make(chan struct{})
	h.search.Hold(release)
	for range 5 {
		ctx, leave := context.WithCancel(t.Context())
		leave()
		_, err := h.directory.Prison(ctx, "XAA")
		require.ErrorIs(t, err, context.Canceled)
	}
	close(release)
	_, err := h.directory.Prison(t.Context(), "XAA")
	require.NoError(t, err)
	h.directory.Close()
	_, err = h.directory.Prison(t.Context(), "XAA")
	require.ErrorIs(t, err, directory.ErrUnavailable)
}

// TestError_quotesNoTerm: what somebody searched for is a name, and errors are logged.
func TestError_quotesNoTerm(t *testing.T) {
	h := newHarness(t)
	require.NoError(t, h.stop())
	_, err := h.directory.SearchPrison(t.Context(), "XAA", "Somerplumbs", 0)
	require.ErrorIs(t, err, directory.ErrUnavailable)
	require.NotContains(t, err.Error(), "Somerplumbs")
}
