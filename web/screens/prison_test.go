package screens_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
	"nonassociations/queries"
	"nonassociations/queries/directory"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
)

// residents are those whom the directory of a test knows; a test moves them.
type residents struct {
	mu  sync.Mutex
	all []estate.Prisoner
}

func (r *residents) Find(number domain.PrisonerNumber) (estate.Prisoner, bool) {
	for _, one := range r.People() {
		if one.Number == number {
			return one, true
		}
	}
	return estate.Prisoner{}, false
}

func (r *residents) People() []estate.Prisoner {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

// put puts somebody somewhere.
func (r *residents) put(number domain.PrisonerNumber, last, first, prison, cell string, change ...func(*estate.Prisoner)) {
	one := estate.Prisoner{Number: number, FirstName: first, LastName: last, PrisonID: prison, CellLocation: cell}
	if name := map[string]string{"XAA": "Example A (HMP)", "XAB": "Example B (HMP)"}[prison]; name != "" {
		one.PrisonName = name
	}
	for _, c := range change {
		c(&one)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(slices.DeleteFunc(r.all, func(old estate.Prisoner) bool { return old.Number == number }), one)
}

// newPrison builds a house whose directory knows these residents.
func newPrison(t testing.TB, r *residents) *house {
	t.Helper()
	server, err := prisonersearch.Serve(t.Context(), r)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	h := newHouse(t, func(o *screens.Options) {
		found := directory.New(t.Context(), directory.Options{URL: server.URL(), Clock: o.Clock, Logger: o.Logger})
		t.Cleanup(found.Close)
		reads, is := o.Reads.(*queries.Reader)
		require.True(t, is)
		o.Directory = found
		o.Whereabouts = whereabouts.New(whereabouts.Options{Reads: reads, Directory: found, Clock: o.Clock, Head: o.Head, Logger: o.Logger})
	})
	h.directory = server
	return h
}

// examplePeople are some people of the documentation.
func examplePeople() *residents {
	r := &residents{}
	r.put(adam, "EXAMPLE", "ADAM", "XAA", "A-1-001")
	r.put(bert, "SAMPLE", "BERTRAM", "XAA", "A-1-002")
	r.put(john, "DOE", "JOHN", "XAA", "XAA-A-1-001")
	r.put(merlin, "SOMERPLUMBS", "MERLIN", "XAA", "A-2-004")
	r.put(rex, "CEPTION", "REX", "XAA", "RECP")
	r.put(ray, "CEPTION", "RAY", "XAA", "RECP")
	r.put(otto, "ELSEWHERE", "OTTO", "XAB", "A-1-001")
	r.put(trent, "TRANSIT", "TRENT", "TRN", "")
	r.put(pat, "PATIENT", "PAT", "OUT", "", func(p *estate.Prisoner) { p.RestrictedPatient, p.SupportingPrisonID = true, "XAA" })
	r.put(una, "KNOWN", "UNA", "", "")
	return r
}

func apartBy(kind domain.Restriction) func(*domain.Open) {
	return func(o *domain.Open) { o.Restriction = kind }
}

// cells returns the texts of the cells of each row of a table, the hidden ones among them.
func (p *page) cells(table string) [][]string {
	p.t.Helper()
	var rows [][]string
	p.Find("table" + table + " tbody tr").Each(func(_ int, row *goquery.Selection) {
		var cells []string
		row.Find("th, td").Each(func(_ int, cell *goquery.Selection) {
			cell.Find("br").ReplaceWithHtml(" ")
			cells = append(cells, strings.Join(strings.Fields(cell.Text()), " "))
		})
		rows = append(rows, cells)
	})
	return rows
}

// heads returns the headers of a table.
func (p *page) heads(table string) []string {
	var heads []string
	p.Find("table" + table + " thead th").Each(func(_ int, head *goquery.Selection) { heads = append(heads, head.Text()) })
	return heads
}

// TestTooClose_showsWhoIs in the order of the rules, with those who cannot be placed and
// those who are left out.
func TestTooClose_showsWhoIs(t *testing.T) {
	t.Parallel()
	h := newPrison(t, examplePeople())
	h.open(adam, merlin)                        // the same wing
	h.open(adam, bert, apartBy(domain.Landing)) // the same landing
	h.open(adam, john, apartBy(domain.Cell))    // the same cell
	h.open(rex, ray, apartBy(domain.Cell))      // the same place
	h.open(bert, merlin, apartBy(domain.Cell))  // far enough
	h.open(adam, rex)
	h.open(adam, otto)
	h.open(john, pat)
	h.nomisRecord(bert, ray, domain.TypeWing, "2026-08-01T00:00:00") // to begin
	p := h.signIn("OFFICER_A").get("/prison/XAA/too-close")
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "Too close now – Non-associations", p.text("title"))
	require.Equal(t, "Too close now in Example A (HMP)", p.text("h1"))
	require.Equal(t, []string{"Prisoner", "Location", "Keep from", "Their location", "Where to keep apart", "How near", "Actions"}, p.heads("#too-close"))
	require.Equal(t, [][]string{
		{"Ception, Rex A1111AA", "RECP", "Ception, Ray A2222AA", "RECP", "Cell only", "Both in RECP", "View details of Rex Ception (A1111AA) and Ray Ception (A2222AA)"},
		{"Doe, John A1234BC", "A-1-001", "Example, Adam A9109UD", "A-1-001", "Cell only", "Same cell", "View details of John Doe (A1234BC) and Adam Example (A9109UD)"},
		{"Sample, Bertram A0135GA", "A-1-002", "Example, Adam A9109UD", "A-1-001", "Cell and landing", "Same landing", "View details of Bertram Sample (A0135GA) and Adam Example (A9109UD)"},
		{"Example, Adam A9109UD", "A-1-001", "Somerplumbs, Merlin D5678EF", "A-2-004", "Cell, landing and wing", "Same wing", "View details of Adam Example (A9109UD) and Merlin Somerplumbs (D5678EF)"},
	}, p.cells("#too-close"))
	require.Equal(t, [][]string{{"Ception, Rex A1111AA", "RECP", "Example, Adam A9109UD", "A-1-001", "Cell, landing and wing", "View details of Rex Ception (A1111AA) and Adam Example (A9109UD)"}}, p.cells("#cannot-place"))
	require.Equal(t, []string{"Prisoner", "Keep from", "Where to keep apart", "Why", "From", "Actions"}, p.heads("#left-out"))
	require.Equal(t, [][]string{
		{"Doe, John A1234BC", "Patient, Pat A6666AA", "Cell, landing and wing", "The other is a restricted patient", "", "View details of John Doe (A1234BC) and Pat Patient (A6666AA)"},
		{"Sample, Bertram A0135GA", "Ception, Ray A2222AA", "Cell, landing and wing", "The non-association has not begun", "01/08/2026", "View details of Bertram Sample (A0135GA) and Ray Ception (A2222AA)"},
	}, p.cells("#left-out"))
	require.Equal(t, "Locations as of 15 July 2026 at 13:00.", p.text("#locations-age"))
	require.Contains(t, p.text("main"), "Nothing here blocks a move in NOMIS.")
	require.NotContains(t, p.text("main"), "Nobody is too close now.")
	require.Zero(t, p.Find("#incomplete, #others-unread, #warning").Length())
	require.NotEmpty(t, p.Header.Get("X-Position"))

	view := h.views(store.ViewFilter{})[0]
	require.Equal(t, store.PageTooClose, view.Page)
	require.Equal(t, "/prison/{prisonId}/too-close", view.Route)
	require.Equal(t, "prisonId=XAA", view.Query)
	require.Empty(t, view.Subjects)
	require.Equal(t, []domain.PrisonerNumber{bert, rex, john, ray, pat, adam, merlin}, view.Shown)
	require.False(t, view.OutsideCaseload)
	require.NotZero(t, view.Position)
}

// TestTooClose_saysNobodyOnlyOfEverybody leaves people out in turn.
func TestTooClose_saysNobodyOnlyOfEverybody(t *testing.T) {
	t.Parallel()
	const nobody = "Nobody is too close now."
	r := examplePeople()
	h := newPrison(t, r)
	h.open(adam, merlin, apartBy(domain.Cell))
	h.open(adam, otto)
	b := h.signIn("OFFICER_A")
	p := b.get("/prison/XAA/too-close")
	require.Contains(t, p.text("main"), nobody)
	require.Zero(t, p.Find("table").Length())

	h.open(john, pat) // is left out
	require.Contains(t, b.get("/prison/XAA/too-close").text("main"), nobody)
	h.directory.Miss(1)
	h.pass(whereabouts.Fresh)
	p = b.get("/prison/XAA/too-close")
	require.Equal(t, "1 person of this prison could not be read.", p.text("#incomplete"))
	require.NotContains(t, p.text("main"), nobody)
	h.directory.Miss(2)
	h.pass(whereabouts.Fresh)
	require.Equal(t, "2 people of this prison could not be read.", b.get("/prison/XAA/too-close").text("#incomplete"))
	h.directory.Miss(0)
	h.pass(whereabouts.Fresh)
	require.Contains(t, b.get("/prison/XAA/too-close").text("main"), nobody)

	h.directory.Down(true)
	h.pass(2 * whereabouts.Fresh)
	p = b.get("/prison/XAA/too-close")
	require.NotContains(t, p.text("main"), nobody, "it is not known where Otto is")
	require.Equal(t, 1, p.Find("#others-unread").Length())
	h.directory.Down(false)

	r.put(merlin, "SOMERPLUMBS", "MERLIN", "XAA", "COURT")
	h.pass(2 * whereabouts.Fresh)
	p = b.get("/prison/XAA/too-close")
	require.NotContains(t, p.text("main"), nobody)
	require.Len(t, p.cells("#cannot-place"), 1)
}

// prisonPages are the pages about XAA that need to know where people are.
var prisonPages = []string{"/prison/XAA", "/prison/XAA/too-close", "/prison/XAA/move-check?prisoner=A9109UD&to="}

// TestPrison_pagesAreNoneWithoutLocations of any time.
func TestPrison_pagesAreNoneWithoutLocations(t *testing.T) {
	t.Parallel()
	h := newPrison(t, examplePeople())
	h.open(adam, john)
	b := h.signIn("OFFICER_A")
	h.directory.Down(true)
	for _, path := range append(slices.Clone(prisonPages), "/prison/XAA.csv") {
		p := b.get(path)
		require.Equal(t, http.StatusServiceUnavailable, p.Code, path)
		require.Contains(t, p.text("main"), "Locations cannot be read now.", path)
		require.NotEmpty(t, p.Header.Get("Retry-After"))
	}
	require.Equal(t, http.StatusOK, b.get("/prison/XAA/move-check").Code, "the form asks nothing")
}

// TestPrison_pagesSayHowOldTheLocationsAre while the directory is away.
func TestPrison_pagesSayHowOldTheLocationsAre(t *testing.T) {
	t.Parallel()
	h := newPrison(t, examplePeople())
	h.open(adam, john)
	b := h.signIn("OFFICER_A")
	for _, path := range append(slices.Clone(prisonPages), "/prison/XAA.csv") {
		require.Equal(t, http.StatusOK, b.get(path).Code, path)
	}
	h.directory.Down(true)
	for _, step := range []struct {
		pass time.Duration
		want string
	}{{14*time.Minute + 59*time.Second, ""}, {time.Second, "Locations are 15 minutes old."}, {30*time.Minute - time.Second, "Locations are 44 minutes old."}} {
		h.pass(step.pass)
		for _, path := range prisonPages {
			p := b.get(path)
			require.Equal(t, http.StatusOK, p.Code, path)
			require.Equal(t, step.want, p.text("#warning p"), path)
			require.Equal(t, "Locations as of 15 July 2026 at 13:00.", p.text("#locations-age"), path)
			require.Contains(t, p.text("main table"), "Example, Adam", path)
		}
		p := b.get("/prison/XAA.csv")
		require.Equal(t, http.StatusServiceUnavailable, p.Code, "a file says nothing of the age")
	}
}

// TestPrison_isSeenByThoseWhoMay of the caseloads, and with GLOBAL_SEARCH of any prison
// that is known.
func TestPrison_isSeenByThoseWhoMay(t *testing.T) {
	t.Parallel()
	h := newPrison(t, examplePeople())
	officer, global := h.signIn("OFFICER_A"), h.signIn("GLOBAL_SEARCHER")
	ends := []string{"", ".csv", "/too-close", "/move-check", "/move-check?prisoner=A9109UD"}
	unknown := officer.get("/no-such-page").text("main h1, main p:not(:has(#request-id))")
	for _, end := range ends {
		require.Equal(t, http.StatusOK, officer.get("/prison/XAA"+end).Code, end)
		for _, wrong := range []string{"xaa", "XA", "XAAA", "X4A", "TRN", "OUT", "XAB", "ZZZ", "%2e%2e", "X%00A", "ÄÖÜ", "A9109UD"} {
			p := officer.get("/prison/" + wrong + end)
			require.Equal(t, http.StatusNotFound, p.Code, wrong+end)
			require.Equal(t, unknown, p.text("main h1, main p:not(:has(#request-id))"), wrong+end)
		}
		h.pass(time.Second)
		require.Equal(t, http.StatusOK, global.get("/prison/XAB"+end).Code, end)
		view := h.views(store.ViewFilter{UserName: "GLOBAL_SEARCHER"})[0]
		require.True(t, view.OutsideCaseload, end)
		require.False(t, view.Refused, end)
		require.True(t, strings.HasPrefix(view.Query, "prisonId=XAB"), view.Query)
		require.Equal(t, http.StatusNotFound, global.get("/prison/ZZZ"+end).Code, end)
	}
	h.pass(time.Second)
	require.Equal(t, http.StatusNotFound, officer.get("/prison/XAB").Code)
	view := h.views(store.ViewFilter{UserName: "OFFICER_A"})[0]
	require.True(t, view.Refused)
	require.True(t, view.OutsideCaseload)
	require.Equal(t, "prisonId=XAB", view.Query)

	h.directory.Down(true)
	require.Equal(t, http.StatusNotFound, officer.get("/prison/ZZZ").Code)
	require.Equal(t, http.StatusServiceUnavailable, global.get("/prison/ZZZ").Code)
}
