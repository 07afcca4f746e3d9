package screens_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/web/screens/store"
)

// TestHome_leadsEverybodyToTheirPages signs one of each in.
func TestHome_leadsEverybodyToTheirPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	require.Equal(t, "/operations", h.signIn("OPERATOR").get("/").location())
	require.NoError(t, h.issuer.SetRoles("AUDITOR", "NON_ASSOCIATIONS_AUDIT"))
	require.Equal(t, "/audit/views", h.signIn("AUDITOR").get("/").location())

	require.NoError(t, h.issuer.SetRoles("AUDITOR", "PRISON", "NON_ASSOCIATIONS_AUDIT", "NON_ASSOCIATIONS_ADMIN"))
	p := h.signIn("AUDITOR").get("/")
	require.Equal(t, "/operations", p.link("Operations"))
	require.Equal(t, "/audit/views", p.link("Who looked at whom"))

	h.open(adam, john) // the same cell
	b := h.signIn("OFFICER_A")
	p = b.get("/")
	require.NotContains(t, p.text("main"), "Further pages")
	require.Equal(t, "Keep prisoners apart", p.text("h1"))
	require.Equal(t, "Non-associations", p.text(`nav[aria-label="Breadcrumb"] [aria-current=page]`), "no page leads to itself")
	require.Equal(t, "/prison/XAA/too-close", p.link("1 too close now in Example A (HMP)"))
	require.Contains(t, p.text("main"), "0 cannot be placed")
	require.Equal(t, "Locations as of 15 July 2026 at 13:00.", p.text("#locations-age"))
	require.Zero(t, p.Find("#recent").Length())
	require.Equal(t, http.StatusOK, b.get("/prisoner/A9109UD/non-associations").Code)
	require.Equal(t, "/prisoner/A9109UD/non-associations", b.get("/").link("Example, Adam (A9109UD)"))
}

// TestHome_withoutTheDirectoryKnowsNoFigures never says 0.
func TestHome_withoutTheDirectoryKnowsNoFigures(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	h.directory.Down(true)
	p := b.get("/")
	require.Equal(t, http.StatusOK, p.Code)
	require.Contains(t, p.text("main"), "Too close: not known")
	p = b.get("/?q=doe&scope=prison")
	require.Equal(t, http.StatusServiceUnavailable, p.Code)
	require.Equal(t, "doe", p.Find("#search-q").AttrOr("value", ""))
	require.Equal(t, "/prisoner/A1234BC/non-associations", b.get("/?q=a1234bc").location())
}

// TestSearch_findsPeople in one prison and everywhere.
func TestSearch_findsPeople(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	p := b.get("/?q=doe")
	require.Equal(t, "Showing 1 to 1 of 1 prisoner", p.text("main p[role=status]"))
	require.Equal(t, "/prisoner/A1234BC/non-associations", p.link("View non-associations of John Doe (A1234BC)"))
	require.Equal(t, "0 results found for “elsewhere”.", b.get("/?q=elsewhere").text("main p[role=status]"))
	require.Equal(t, 1, b.get("/?q=elsewhere&scope=global").Find("table#results tbody tr").Length())
	views := h.views(store.ViewFilter{Prisoner: john})
	require.Len(t, views, 1)
	require.Equal(t, store.PageSearch, views[0].Page)
	require.Empty(t, views[0].Subjects)

	for asked, want := range map[string]string{"/?q=": "Enter a name or prison number", "/?q=doe&scope=x": "Invalid scope", "/?q=doe&scope=prison&scope=global": "Invalid scope"} {
		p := b.get(asked)
		require.Equal(t, http.StatusBadRequest, p.Code, asked)
		require.Equal(t, want, p.text(".govuk-error-summary li"), asked)
		require.Equal(t, "Error: Keep prisoners apart – Non-associations", p.text("title"))
	}
}

// TestSearch_pages leads through a long answer, and takes every page for one that is
// there.
func TestSearch_pages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.issuer.SetCaseloads("GLOBAL")
	b := h.signIn("GLOBAL")
	p := b.get("/?q=a&scope=global")
	if p.Find("nav[aria-label=Pagination]").Length() == 0 {
		p = b.get("/?q=s&scope=global")
	}
	require.Contains(t, p.text("header"), "No caseload")
	require.Equal(t, 1, p.Find("input[name=scope]").Length())
	for _, wrong := range []string{"0", "-1", "x", "99999", "1e3"} {
		require.Equal(t, http.StatusOK, b.get("/?q=a&scope=global&page="+url.QueryEscape(wrong)).Code, wrong)
	}
}

// TestSearchPrisoner_offersWhatTheUserMayDo lists an open record, somebody to select, and
// the key prisoner without an action.
func TestSearchPrisoner_offersWhatTheUserMayDo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	b := h.signIn("OFFICER_A")
	const search = "/prisoner/A9109UD/non-associations/add/search-prisoner"
	p := b.get(search)
	require.Equal(t, "Search for a prisoner to keep apart from Adam Example", p.text("h1"))
	require.Equal(t, "/prisoner/A9109UD/non-associations", p.link("Cancel"))
	p = b.get(search + "?q=doe")
	require.Equal(t, "/prisoner/A9109UD/non-associations/add/with-prisoner/A1234BC", p.link("Select prisoner John Doe (A1234BC)"))
	p = b.get(search + "?q=somerplumbs")
	require.Equal(t, "/prisoner/A9109UD/non-associations/"+id.String(), p.link("View non-association with Merlin Somerplumbs (D5678EF)"))
	p = b.get(search + "?q=a9109ud")
	require.Equal(t, 1, p.Find("table#results tbody tr").Length(), "a whole number is searched like any other")
	require.Zero(t, p.Find("table#results tbody a").Length())
	require.Equal(t, http.StatusNotFound, h.signIn("READER_A").get(search).Code)
	require.Equal(t, http.StatusNotFound, b.get("/prisoner/A3333AA/non-associations/add/search-prisoner").Code, "in another prison")
	h.directory.Down(true)
	h.pass(2 * 60e9)
	p = b.get(search)
	require.Equal(t, http.StatusServiceUnavailable, p.Code)
	require.Contains(t, p.text("main"), "Locations cannot be read now.")
}

// TestCaseload_isChosen and leads back to the page that the user came from.
func TestCaseload_isChosen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	require.Equal(t, http.StatusNotFound, h.signIn("OFFICER_A").get("/caseload").Code, "one caseload")
	b := h.signIn("GLOBAL")
	require.Contains(t, b.get("/help").text("header"), "Change caseload")
	p := b.do(http.MethodGet, "/caseload", "", map[string]string{"Referer": h.server.URL + "/prisoner/A9109UD/non-associations?reason=THREAT"})
	require.Equal(t, "Choose a caseload", p.text("h1"))
	require.NotEmpty(t, p.Find("input[name=key]").AttrOr("value", ""))
	other := b.post("/caseload", p.form("form", url.Values{"caseload": {"XAB"}, "user": {"OFFICER_A"}}))
	require.Equal(t, http.StatusConflict, other.Code)
	require.Equal(t, "This page was opened by another user. Nothing was saved.", other.text("#warning"))
	require.Contains(t, b.get("/help").text("header"), "Example A (HMP)", "nothing was chosen")
	p = b.post("/caseload", p.form("form", url.Values{"caseload": {"XAB"}}))
	require.Equal(t, http.StatusSeeOther, p.Code)
	require.Equal(t, "/prisoner/A9109UD/non-associations?reason=THREAT", p.location())
	require.Contains(t, b.get("/help").text("header"), "Example B (HMP)")
	for _, from := range []string{"https://evil.invalid/x", "//evil.invalid", "/caseload", "\\evil"} {
		p = b.do(http.MethodGet, "/caseload", "", map[string]string{"Referer": from})
		require.Equal(t, "/", p.Find("input[name=back]").AttrOr("value", ""), from)
	}
	p = b.post("/caseload", url.Values{"caseload": {"MDI"}, "back": {"//evil.invalid"}})
	require.Equal(t, http.StatusBadRequest, p.Code)
	require.Equal(t, "Select a caseload", p.text(".govuk-error-summary li"))
	require.Equal(t, "/evil.invalid", b.post("/caseload", url.Values{"caseload": {"XAA"}, "back": {"//evil.invalid"}}).location())
}
