package screens

import (
	"context"
	"strconv"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
	"nonassociations/web/screens/store"
)

// Home is where staff begin: the search, how many are too close in the active caseload,
// and the prisoners that were looked at last.
type Home struct {
	Search   searchForm
	Results  *results
	Prison   string       // the name of the active caseload; "" without one
	Figures  []govuk.Link // of the active caseload
	NotKnown bool         // the figures are not known now
	Age      string       // of the locations, in words
	// Incomplete says that the figures may be too small.
	Incomplete string
	Pages      []govuk.Link // about the active caseload
	Recent     []govuk.Link
	Further    []govuk.Link // pages of operators and auditors, for a user who is one too
}

// recentPrisoners is how many prisoners the beginning offers again.
const recentPrisoners = 10

// home leads operators and auditors without PRISON to their own pages, and shows staff
// the beginning.
func (s *Screens) home(ctx context.Context, v *visit) (answer, error) {
	switch {
	case v.session.HasRole(rolePrison):
		return s.staffHome(ctx, v)
	case v.session.HasRole(roleOperator):
		return answer{redirect: "/operations"}, nil
	}
	return answer{redirect: "/audit/views"}, nil
}

func (s *Screens) staffHome(ctx context.Context, v *visit) (answer, error) {
	query := v.request.URL.Query()
	out := answer{title: "Keep prisoners apart", subjects: []domain.PrisonerNumber{}}
	if query.Has("q") {
		out.as = store.PageSearch
		if number, whole := wholeNumber(query); whole {
			out.redirect = listPath(number, openKind)
			return out, nil
		}
	}
	page := Home{Further: furtherPages(v)}
	var err error
	if page.Search, page.Results, err = s.search(ctx, v, &out, s.homeActions); err != nil {
		return out, err
	}
	if page.Recent, err = s.recent(ctx, v); err != nil {
		return out, err
	}
	s.addFigures(ctx, v, &page, &out)
	out.page = page
	out.warnings = append(v.caseloadWarnings(), out.warnings...)
	return out, nil
}

// furtherPages leads a user who is more than staff to the other pages.
func furtherPages(v *visit) []govuk.Link {
	var all []govuk.Link
	if v.session.HasRole(roleOperator) {
		all = append(all, govuk.Link{Text: operationsTitle, Href: operationsPath})
	}
	if v.session.HasRole(roleAuditor) {
		for _, one := range auditPages {
			all = append(all, govuk.Link{Text: one.text, Href: one.href})
		}
	}
	return all
}

// addFigures says how many are too close in the active caseload. What cannot be counted
// now is said to be not known, and never 0.
func (s *Screens) addFigures(ctx context.Context, v *visit, page *Home, out *answer) {
	active := v.session.Caseloads.Active
	if active == "" {
		return
	}
	page.Prison = s.prisonName(ctx, v, active)
	prison := "/prison/" + string(active)
	page.Pages = []govuk.Link{
		{Text: "Who must be kept apart in " + page.Prison, Href: prison}, {Text: "Check a move", Href: prison + "/move-check"},
	}
	found, err := s.whereabouts.TooClose(ctx, active, 0)
	if err != nil {
		s.logger.WarnContext(ctx, "figures of too close not known", "requestId", v.id, "error", err)
		page.NotKnown = true
		return
	}
	var top prisonTop
	top.tell(v, out, found.Seen)
	page.Age, page.Incomplete = top.Age, top.Incomplete
	path := prison + "/too-close"
	page.Figures = []govuk.Link{
		{Text: strconv.Itoa(len(found.TooClose.TooClose)) + " too close now in " + page.Prison, Href: path},
		{Text: strconv.Itoa(len(found.CannotPlace)) + " cannot be placed", Href: path + "#cannot-place"},
	}
}

// incomplete says how many people of a prison are missing in an answer.
func incomplete(people int) string {
	return govuk.Count(people, "person", "people") + " of this prison could not be read."
}

// recent returns links to the lists of the prisoners that the user looked at last.
func (s *Screens) recent(ctx context.Context, v *visit) ([]govuk.Link, error) {
	numbers, err := s.views.RecentPrisoners(ctx, v.session.UserName, recentPrisoners)
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	everybody, err := s.find(ctx, numbers)
	if err != nil {
		return nil, err
	}
	var links []govuk.Link
	for _, number := range numbers {
		links = append(links, govuk.Link{Text: listedName(everybody.of(number)), Href: listPath(number, openKind)})
	}
	return links, nil
}
