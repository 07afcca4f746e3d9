package screens_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

// state is one look of one page: how to reach it, and what it must be. The walks over all
// states and the pictures of `make shots` are of the same table.
type state struct {
	name  string // of its picture
	route string // that answers it, as in [screens.RouteInfo]; "" for none
	user  string // of the development run; "" without a session
	path  string
	// fields are sent with the form of the page; nil: the page is only asked for.
	fields url.Values
	twist  string // JavaScript that alters the form before it is sent

	before  func(w *walker) // before the page is asked for
	between func(w *walker) // when the form was drawn and is not sent yet
	after   func(w *walker)

	status int    // 0: 200
	title  string // before " – Non-associations"
	except string // an axe rule that does not hold here
	noPage bool   // a file, or a redirect
	// alike says that a browser has seen the same page with other words.
	alike bool
}

// code is the status of the answer.
func (s state) code() int {
	if s.status == 0 {
		return http.StatusOK
	}
	return s.status
}

// wildText is text that must stand on a page as text, and never widens it.
const wildText = `<script>alert(1)</script><b>"bold"</b> & {{.Key}} ` + "\n" + `WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW ` + "\u202egnitirw"

// walker goes from state to state of one house.
type walker struct {
	*house

	ids      map[string]uuid.UUID // of records, by name
	sessions map[string]*browser  // by user
}

// session returns the browser in which a user is signed in; without a user one without a
// session.
func (w *walker) session(user string) *browser {
	w.t.Helper()
	if user == "" {
		return w.visit()
	}
	if w.sessions[user] == nil {
		w.sessions[user] = w.signIn(user)
	}
	return w.sessions[user]
}

// newWalker returns a walker of a house with records of every kind.
func newWalker(t *testing.T) *walker {
	t.Helper()
	n := newNOMISOffice(t)
	h := n.house
	with := func(restriction domain.Restriction, comment string) func(*domain.Open) {
		return func(o *domain.Open) { o.Restriction, o.Comment = restriction, comment }
	}
	ids := map[string]uuid.UUID{
		"open": h.open(adam, merlin), "hostile": h.open(adam, john, with(domain.Cell, wildText)), "other": h.open(adam, otto),
		"transit": h.open(adam, trent), "outside": h.open(adam, ossie), "unknown": h.open(adam, una), "patient": h.open(adam, pat),
		"closed": h.open(adam, bert), "reception": h.open(rex, ray, with(domain.Landing, "They met in reception")),
		"forms": h.open(bert, merlin, with(domain.Landing, "Forms are opened of it")), "turns": h.open(bert, rex), "back": h.open(bert, ray),
	}
	h.execute(adam, bert, "MANAGER_A", domain.Close{ID: ids["closed"], ClosedReason: "They are friends again"})
	h.execute(bert, ray, "OFFICER_B", domain.Close{ID: ids["back"], ClosedReason: "Not needed"})
	h.pass(time.Hour)
	gang := domain.GangRelated
	h.execute(adam, merlin, "OFFICER_B", domain.Amend{ID: ids["open"], Reason: &gang, Comment: new("They were seen to fight in the yard on A wing.\nIR 2026/117.")})
	h.tell(domain.NOMIS, john, rex, item(john, rex, func(i *domain.Item) { i.TypeCode = domain.TypeTotal }))
	h.tell(domain.NOMIS, john, ray, item(john, ray, func(i *domain.Item) { i.EffectiveDate = "2026-12-01T00:00:00" }))
	h.tell(domain.NOMIS, john, bert, item(john, bert, func(i *domain.Item) { i.ExpiryDate = new(domain.LocalDateTime("2026-12-24T00:00:00")) }))
	h.catchUp()
	w := &walker{house: h, ids: ids, sessions: map[string]*browser{}}
	w.operatorThings(n)
	return w
}

// directoryAway also makes every answer of the directory old.
func directoryAway(w *walker) {
	w.directory.Down(true)
	w.pass(20 * time.Minute)
}

// paths of a prisoner's pages.
const (
	ofAdam = "/prisoner/A9109UD/non-associations"
	ofJohn = "/prisoner/A1234BC/non-associations"
	ofBert = "/prisoner/A0135GA/non-associations"
)

// states returns every state of every page.
func states(ids map[string]uuid.UUID) []state {
	return append(readingStates(ids), writingStates(ids)...)
}

// readingStates are those of pages that change nothing.
func readingStates(ids map[string]uuid.UUID) []state {
	return slices.Concat(openStates(), homeStates(), listStates(), recordStates(ids), historyStates(), prisonStates(), auditStates())
}

// writingStates are those of forms and operators. In the last of them the directory is
// away.
func writingStates(ids map[string]uuid.UUID) []state {
	return slices.Concat(formStates(ids), conflictStates(ids), operatorStates(ids), failureStates(), awayStates(ids))
}

// openStates are those of pages that need no session.
func openStates() []state {
	return []state{
		{name: "help", route: "GET /help", user: "OFFICER_A", path: "/help", title: "Help"},
		{name: "accessibility", route: "GET /accessibility", user: "OFFICER_A", path: "/accessibility", title: "Accessibility statement"},
		{name: "cookies", route: "GET /cookies", user: "OFFICER_A", path: "/cookies", title: "Cookies"},
		{name: "help-signed-out", route: "GET /help", path: "/help", title: "Help"},
		{name: "signed-out", route: "GET /signed-out", path: "/signed-out", title: "Signed out"},
		{name: "sign-in-failed", route: "GET /sign-in/callback", path: "/sign-in/callback?code=x&state=y", status: http.StatusBadRequest, title: "Sign-in failed"},
		{name: "sign-in", route: "GET /sign-in", path: "/sign-in", status: http.StatusFound, noPage: true},
		{name: "sign-out", route: "GET /sign-out", user: "READER_A", path: "/sign-out", status: http.StatusFound, noPage: true, after: signedOut("READER_A")},
		{name: "keep-alive", route: "GET /keep-alive", user: "OFFICER_A", path: "/keep-alive", title: "Signed in"},
	}
}

// signedOut forgets the session of a user whom a state has signed out.
func signedOut(user string) func(*walker) {
	return func(w *walker) { delete(w.sessions, user) }
}

// homeStates are those of the first page, of the search and of the caseload.
func homeStates() []state {
	const home, search = "GET /", "GET /prisoner/{pn}/non-associations/add/search-prisoner"
	const searching = ofAdam + "/add/search-prisoner"
	return []state{
		{name: "home", route: home, user: "OFFICER_A", path: "/", title: "Keep prisoners apart"},
		{name: "home-viewed", route: home, user: "OFFICER_A", path: "/", title: "Keep prisoners apart", before: func(w *walker) {
			w.session("OFFICER_A").get(ofAdam)
			w.session("OFFICER_A").get(ofJohn)
		}},
		{name: "home-no-caseload", route: home, user: "POM_A", path: "/", title: "Keep prisoners apart", before: func(w *walker) {
			require.NoError(w.t, w.issuer.SetCaseloads("POM_A"))
		}},
		{name: "home-search-empty", route: home, user: "OFFICER_A", path: "/?q=", status: http.StatusBadRequest, title: "Error: Keep prisoners apart"},
		{name: "home-search-scope", route: home, user: "OFFICER_A", path: "/?q=doe&scope=x", status: http.StatusBadRequest, title: "Error: Keep prisoners apart"},
		{name: "home-search-none", route: home, user: "OFFICER_A", path: "/?q=" + url.QueryEscape(`<b>"none"`), title: "Keep prisoners apart"},
		{name: "home-search-results", route: home, user: "OFFICER_A", path: "/?q=ception", title: "Keep prisoners apart"},
		{name: "home-search-pages", route: home, user: "GLOBAL", path: "/?q=a&scope=global&page=2", title: "Keep prisoners apart"},
		{name: "caseload", route: "GET /caseload", user: "GLOBAL", path: "/caseload", title: "Choose a caseload"},
		{name: "caseload-none-chosen", route: "POST /caseload", user: "GLOBAL", path: "/caseload", fields: url.Values{"caseload": nil}, status: http.StatusBadRequest, title: "Error: Choose a caseload"},
		{name: "search", route: search, user: "OFFICER_A", path: searching, title: "Search for a prisoner"},
		{name: "search-empty", route: search, user: "OFFICER_A", path: searching + "?q=", status: http.StatusBadRequest, title: "Error: Search for a prisoner"},
		{name: "search-results", route: search, user: "OFFICER_A", path: searching + "?q=somerplumbs", title: "Search for a prisoner"},
		{name: "search-pages", route: search, user: "GLOBAL", path: searching + "?q=a&scope=global", title: "Search for a prisoner"},
	}
}

// listStates are those of the two lists of a prisoner.
func listStates() []state {
	const open, closed, title = "GET /prisoner/{pn}/non-associations", "GET /prisoner/{pn}/non-associations/closed", "Non-associations"
	return []state{
		{name: "list", route: open, user: "OFFICER_A", path: ofAdam, title: title},
		{name: "list-closed", route: closed, user: "OFFICER_A", path: ofAdam + "/closed", title: title},
		{name: "list-empty", route: closed, user: "OFFICER_A", path: ofJohn + "/closed", title: title},
		{name: "list-empty-groups", route: open, user: "OFFICER_A", path: ofBert, title: title},
		{name: "list-tags", route: open, user: "OFFICER_A", path: ofJohn, title: title},
		{name: "list-of-somebody-outside", route: open, user: "INACTIVE_SEARCHER", path: "/prisoner/A5555AA/non-associations", title: title},
		{name: "list-filtered", route: open, user: "OFFICER_A", path: ofAdam + "?reason=GANG_RELATED&sameSort=LAST_NAME&sameOrder=ASC", title: title},
		{name: "list-filtered-none", route: open, user: "OFFICER_A", path: ofAdam + "?reason=THREAT", title: title},
		{name: "list-filter-ignored", route: open, user: "OFFICER_A", path: ofAdam + "?reason=" + url.QueryEscape(wildText), title: title},
		{name: "list-bad-sort", route: open, user: "OFFICER_A", path: ofAdam + "?sameSort=" + url.QueryEscape(wildText), status: http.StatusBadRequest, title: "Error: " + title},
		{name: "list-without-right", route: open, user: "READER_A", path: ofAdam, title: title},
		{name: "list-file", route: open + ".csv", user: "OFFICER_A", path: ofAdam + ".csv", noPage: true},
		{name: "list-closed-file", route: closed + ".csv", user: "OFFICER_A", path: ofAdam + "/closed.csv", noPage: true},
	}
}

// recordStates are those of one record.
func recordStates(ids map[string]uuid.UUID) []state {
	const route, title = "GET /prisoner/{pn}/non-associations/{id}", "Non-association details"
	of := func(path, id string) string { return path + "/" + ids[id].String() }
	return []state{
		{name: "record", route: route, user: "OFFICER_A", path: of(ofAdam, "open"), title: title},
		{name: "record-hostile", route: route, user: "MANAGER_A", path: of(ofAdam, "hostile"), title: title},
		{name: "record-closed", route: route, user: "MANAGER_A", path: of(ofAdam, "closed"), title: title},
		{name: "record-without-right", route: route, user: "READER_A", path: of(ofAdam, "open"), title: title},
		{name: "record-saving", route: route, user: "OFFICER_A", path: of(ofAdam, "open") + "?saved=updated&fact=" + uuid.Nil.String() + "&atLeast=999999", title: title},
	}
}

// historyStates are those of the history and of the list as it was.
func historyStates() []state {
	const route, title = "GET /prisoner/{pn}/non-associations/history", "History"
	return []state{
		{name: "history", route: route, user: "OFFICER_A", path: ofAdam + "/history", title: title},
		{name: "history-nothing", route: route, user: "OFFICER_A", path: "/prisoner/" + string(nobody) + "/non-associations/history", status: http.StatusNotFound, title: "Page not found"},
		{name: "as-of", route: route, user: "OFFICER_A", path: ofAdam + "/history?trueAt=2026-07-15", title: title},
		{name: "as-of-none", route: route, user: "OFFICER_A", path: ofAdam + "/history?trueAt=2001-01-01+09:00", title: title},
		{name: "as-of-error", route: route, user: "OFFICER_A", path: ofAdam + "/history?trueAt=" + url.QueryEscape(wildText) + "&knownAt=2099-01-01", status: http.StatusBadRequest, title: "Error: " + title},
	}
}

// awayStates are those while the directory is away, from the first of them on.
func awayStates(ids map[string]uuid.UUID) []state {
	const (
		list = "GET /prisoner/{pn}/non-associations"
		with = "/prisoner/{pn}/non-associations/add/with-prisoner/{other}"
		add  = ofAdam + "/add/with-prisoner/A1111AA"
	)
	away := http.StatusServiceUnavailable
	return []state{
		{name: "add-not-saved", route: "POST " + with, user: "OFFICER_A", path: add, fields: details(), between: directoryAway, status: away, title: "Enter non-association details"},
		{name: "add-directory-away", route: "GET " + with, user: "OFFICER_A", path: add, status: away, title: "Service unavailable"},
		{name: "home-directory-away", route: "GET /", user: "OFFICER_A", path: "/", title: "Keep prisoners apart"},
		{name: "home-search-away", route: "GET /", user: "OFFICER_A", path: "/?q=doe", status: away, title: "Keep prisoners apart"},
		{name: "list-directory-away", route: list, user: "OFFICER_A", path: ofAdam, title: "Non-associations"},
		{name: "sheet-directory-away", route: "GET /prison/{prisonId}", user: "OFFICER_A", path: "/prison/XAA", title: "Who must be kept apart"},
		{name: "prison-unknown-places", route: "GET /prison/{prisonId}/too-close", user: "GLOBAL", path: "/prison/XAC/too-close", status: http.StatusServiceUnavailable, title: "Service unavailable"},
		{name: "record-directory-away", route: list + "/{id}", user: "OFFICER_A", path: ofAdam + "/" + ids["open"].String(), title: "Non-association details"},
	}
}
