package screens

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

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
// prison, and that of a page of a record with its id: the route does not name them.
func queryOf(r *http.Request) string {
	named := url.Values{}
	if id := chi.URLParam(r, prisonParameter); id != "" {
		named.Set(prisonParameter, id)
	}
	if id := chi.URLParam(r, recordParameter); id != "" && chi.URLParam(r, "pn") != "" {
		named.Set(recordParameter, id)
	}
	if len(named) == 0 {
		return r.URL.RawQuery
	}
	query := named.Encode()
	if r.URL.RawQuery != "" {
		query += "&" + r.URL.RawQuery
	}
	return query
}

// isRefused reports whether the user was not let see what was asked for.
func (a answer) isRefused() bool {
	return a.failure != nil && (a.failure.status == http.StatusNotFound || a.failure.status == http.StatusForbidden)
}

// shownOn returns the prisoner numbers in a body that are no subjects, each once. Every
// number that a page shows is in its view, so that no page has to list the people on it,
// and none can forget one.
func shownOn(body []byte, subjects []domain.PrisonerNumber) []domain.PrisonerNumber {
	var shown []domain.PrisonerNumber
	for number := range numbersIn(body) {
		if !slices.Contains(subjects, number) {
			shown = append(shown, number)
		}
	}
	slices.Sort(shown)
	return shown
}

// numbersIn returns the prisoner numbers in a text that stand alone: [A-Z][0-9]{4}[A-Z]{2}
// between two ends of a word. What a page quotes may hold escapes: they end a word too. A page of a large prison has more than a megabyte, for which
// a regular expression needs longer than for all else.
func numbersIn(text []byte) map[domain.PrisonerNumber]struct{} {
	const form = "A0000AA"
	found := map[domain.PrisonerNumber]struct{}{}
	for i := 0; i+len(form) <= len(text); i++ {
		end := i + len(form)
		if !hasForm(text[i:end], form) || !isWordStart(text[:i]) || end < len(text) && isWord(text[end]) {
			continue
		}
		if _, known := found[domain.PrisonerNumber(text[i:end])]; !known {
			found[domain.PrisonerNumber(text[i:end])] = struct{}{}
		}
		i = end - 1
	}
	return found
}

// hasForm reports whether a text has a digit where a form has 0, and a capital elsewhere.
func hasForm(text []byte, form string) bool {
	for i, c := range text {
		first, last := byte('A'), byte('Z')
		if form[i] == '0' {
			first, last = '0', '9'
		}
		if c < first || c > last {
			return false
		}
	}
	return true
}

// isWordStart reports whether a word can begin after a text: at the end of another word, or
// after an escape such as \n of JSON or %20 of an address, which looks like one.
func isWordStart(before []byte) bool {
	n := len(before)
	if n == 0 || !isWord(before[n-1]) {
		return true
	}
	return n >= 2 && before[n-2] == '\\' || n >= 3 && before[n-3] == '%' || n >= 6 && before[n-6] == '\\' && before[n-5] == 'u'
}

// isWord reports whether a byte belongs to a word. The underscore does not: the name of a
// stream has one between two numbers.
func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
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
