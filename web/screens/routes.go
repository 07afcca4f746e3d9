package screens

import (
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"nonassociations/web/screens/signin"
	"nonassociations/web/screens/store"
)

// access says whose session opens a route.
type access int

const (
	// everybody needs no session.
	everybody access = iota
	// anyRole needs a session with one of the roles below.
	anyRole
	staff     // PRISON
	operators // NON_ASSOCIATIONS_ADMIN
	auditors  // NON_ASSOCIATIONS_AUDIT
)

// Roles of the three kinds of users.
const (
	rolePrison   = "PRISON"
	roleOperator = "NON_ASSOCIATIONS_ADMIN"
	roleAuditor  = "NON_ASSOCIATIONS_AUDIT"
)

// roleOf has the role that opens the routes of one kind of users.
var roleOf = map[access]string{staff: rolePrison, operators: roleOperator, auditors: roleAuditor}

// route is one method of one path.
type route struct {
	method, path string
	access       access
	// page is the page's name in the view audit; "" for a page that shows no person.
	page  store.Page
	serve handler
}

// mayBeMissing reports whether the page is one of a pair or a record, which may not be
// there. That is judged before the body of a POST, so the handler reads the form itself.
func (rt route) mayBeMissing() bool {
	switch rt.page {
	case store.PageAdd, store.PageUpdate, store.PageClose, store.PageReopen, store.PageDelete:
		return true
	default:
		return false
	}
}

// routes returns every route. A test walks them: rights, view audit and headers hold for
// all.
func (s *Screens) routes() []route {
	const (
		get    = http.MethodGet
		post   = http.MethodPost
		list   = "/prisoner/{pn}/non-associations"
		record = list + "/{id}"
		with   = list + "/add/with-prisoner/{other}"
		prison = "/prison/{" + prisonParameter + "}"
	)
	return slices.Concat(s.operatorRoutes(), []route{
		{get, "/help", everybody, "", s.help},
		{get, "/accessibility", everybody, "", s.accessibility},
		{get, "/cookies", everybody, "", s.cookies},
		{get, signin.SignInPath, everybody, "", s.signIn},
		{get, signin.CallbackPath, everybody, "", s.callback},
		{get, signin.SignOutPath, everybody, "", s.signOut},
		{get, signin.SignedOutPath, everybody, "", s.signedOut},
		{get, keepAlivePath, anyRole, "", s.keepAlive},
		{get, "/", anyRole, store.PageHome, s.home},
		{get, caseloadPath, anyRole, "", s.caseload},
		{post, caseloadPath, anyRole, "", s.chooseCaseload},
		{get, list + "/add/search-prisoner", staff, store.PageSearch, s.searchPrisoner},
		{get, list, staff, store.PageList, s.lists(openKind)},
		{get, list + "/closed", staff, store.PageList, s.lists(closedKind)},
		{get, list + ".csv", staff, store.PageListCSV, s.listFiles(openKind)},
		{get, list + "/closed.csv", staff, store.PageListCSV, s.listFiles(closedKind)},
		{get, list + "/history", staff, store.PageHistory, s.history},
		{get, record, staff, store.PageRecord, s.recordPage},
		{get, with, staff, store.PageAdd, s.shows(formAdd)},
		{post, with, staff, store.PageAdd, s.saves(formAdd)},
		{get, record + "/update", staff, store.PageUpdate, s.shows(formUpdate)},
		{post, record + "/update", staff, store.PageUpdate, s.saves(formUpdate)},
		{get, record + "/close", staff, store.PageClose, s.shows(formClose)},
		{post, record + "/close", staff, store.PageClose, s.saves(formClose)},
		{get, record + "/reopen", staff, store.PageReopen, s.shows(formReopen)},
		{post, record + "/reopen", staff, store.PageReopen, s.saves(formReopen)},
		{get, record + "/delete", staff, store.PageDelete, s.shows(formDelete)},
		{post, record + "/delete", staff, store.PageDelete, s.saves(formDelete)},
		{get, prison, staff, store.PagePrison, s.sheet},
		{get, prison + ".csv", staff, store.PagePrisonCSV, s.sheetFile},
		{get, prison + tooCloseEnd, staff, store.PageTooClose, s.tooClose},
		{get, prison + moveCheckEnd, staff, store.PageMoveCheck, s.moveCheck},
		{get, viewsPath, auditors, store.PageViews, s.auditViews},
		{get, viewsPath + ".csv", auditors, store.PageViews, s.auditViewsFile},
		{get, factsPath, auditors, store.PageFacts, s.auditFacts},
		{get, actionsPath, auditors, store.PageActions, s.auditActions},
	})
}

// router returns the router of all routes.
func (s *Screens) router() *chi.Mux {
	mux := chi.NewRouter()
	for _, rt := range s.routes() {
		mux.Method(rt.method, rt.path, s.handle(rt))
	}
	mux.Get(pingPath, ping)
	mux.Method(http.MethodGet, securityPath, http.RedirectHandler(s.securityURL, http.StatusMovedPermanently))
	mux.Method(http.MethodGet, assetsPath+"*", s.assets)
	mux.NotFound(s.handle(unknownRoute).ServeHTTP)
	mux.MethodNotAllowed(s.methodNotAllowed)
	return mux
}
