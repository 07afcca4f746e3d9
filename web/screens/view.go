package screens

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

// numbers finds the prisoner numbers in a page. Every number that a page shows is in its
// view, so that no page has to list the people on it, and none can forget one.
var numbers = regexp.MustCompile(`\b[A-Z][0-9]{4}[A-Z]{2}\b`)

// record keeps the view of an answer before it is sent. A redirect and a page without a
// name show nobody.
func (s *Screens) record(ctx context.Context, v *visit, rt route, out answer, body []byte) error {
	if rt.page == "" || out.redirect != "" || v.session == nil {
		return nil
	}
	subjects := out.subjects
	if subjects == nil {
		subjects = numbersInPath(v.request)
	}
	view := store.View{
		ID: s.newID(), At: v.now, UserName: v.session.UserName, Page: rt.page, Route: chi.RouteContext(v.request.Context()).RoutePattern(),
		Query: queryOf(v.request), Subjects: subjects, Shown: shownOn(body, subjects),
		Build: s.version, RequestID: v.id, Position: out.position, OutsideCaseload: out.outside, Refused: out.isRefused(),
	}
	if out.as != "" {
		view.Page = out.as
	}
	return s.views.InsertView(ctx, view)
}

// queryOf returns the query of a request. That of a page of a prison begins with the
// prison, which the route does not name.
func queryOf(r *http.Request) string {
	id := chi.URLParam(r, prisonParameter)
	if id == "" {
		return r.URL.RawQuery
	}
	query := url.Values{prisonParameter: {id}}.Encode()
	if r.URL.RawQuery != "" {
		query += "&" + r.URL.RawQuery
	}
	return query
}

// isRefused reports whether the user was not let see what was asked for.
func (a answer) isRefused() bool {
	return a.failure != nil && (a.failure.status == http.StatusNotFound || a.failure.status == http.StatusForbidden)
}

// shownOn returns the prisoner numbers in a body that are no subjects, each once.
func shownOn(body []byte, subjects []domain.PrisonerNumber) []domain.PrisonerNumber {
	var shown []domain.PrisonerNumber
	for _, found := range numbers.FindAll(body, -1) {
		if number := domain.PrisonerNumber(found); !slices.Contains(subjects, number) {
			shown = append(shown, number)
		}
	}
	slices.Sort(shown)
	return slices.Compact(shown)
}

// numbersInPath returns the prisoner numbers that a path names.
func numbersInPath(r *http.Request) []domain.PrisonerNumber {
	named := []domain.PrisonerNumber{}
	for _, part := range []string{"pn", "other", "a", "b"} {
		number, err := domain.ParsePrisonerNumber(strings.ToUpper(chi.URLParam(r, part)))
		if err == nil && !slices.Contains(named, number) {
			named = append(named, number)
		}
	}
	return named
}
