package screens

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

// numbers finds the prisoner numbers in a page. Every number that a page shows is in its
// view, so that no page has to list the people on it, and none can forget one.
// What stands beside a number is no letter and no digit: the name of a stream has an
// underscore between two.
var numbers = regexp.MustCompile(`(?:^|[^A-Za-z0-9])([A-Z][0-9]{4}[A-Z]{2})(?:[^A-Za-z0-9]|$)`)

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
		Query: v.request.URL.RawQuery, Subjects: subjects, Shown: shownOn(body, subjects),
		Build: s.version, RequestID: v.id, Position: out.position, OutsideCaseload: out.outside, Refused: out.isRefused(),
	}
	if out.as != "" {
		view.Page = out.as
	}
	return s.views.InsertView(ctx, view)
}

// isRefused reports whether the user was not let see what was asked for.
func (a answer) isRefused() bool {
	return a.failure != nil && (a.failure.status == http.StatusNotFound || a.failure.status == http.StatusForbidden)
}

// shownOn returns the prisoner numbers in a body that are no subjects, each once.
func shownOn(body []byte, subjects []domain.PrisonerNumber) []domain.PrisonerNumber {
	var shown []domain.PrisonerNumber
	for at := 0; ; {
		found := numbers.FindSubmatchIndex(body[at:])
		if found == nil {
			break
		}
		if number := domain.PrisonerNumber(body[at+found[2] : at+found[3]]); !slices.Contains(subjects, number) {
			shown = append(shown, number)
		}
		at += found[3] // what ends one number may begin the next
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
