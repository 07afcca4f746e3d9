package screens

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/queries/directory"
	"nonassociations/web/screens/govuk"
	"nonassociations/web/screens/store"
)

// Search is the search for a prisoner to keep apart from another.
type Search struct {
	Key     person
	Search  searchForm
	Results *results
	Cancel  govuk.Link
}

// searchForm is the form of a search.
type searchForm struct {
	Scope  govuk.Radios
	Q      govuk.Input
	Button govuk.Button
	// Away says that the directory does not answer now.
	Away bool
}

// results is one page of the people that a search found.
type results struct {
	None       string // the sentence when there is nobody
	Showing    string
	Table      *govuk.Table
	Pagination *govuk.Pagination
}

// The scopes of a search.
const (
	scopePrison = "prison"
	scopeGlobal = "global"
)

// asked is a search as it was asked for.
type asked struct {
	scope, q string
	page     int // from 1
}

// wholeNumber returns the prisoner number that a query is, and whether it is one.
func wholeNumber(query url.Values) (domain.PrisonerNumber, bool) {
	number, err := domain.ParsePrisonerNumber(strings.TrimSpace(one(query, "q")))
	return number, err == nil
}

// search reads the form and, when something was asked for, who is found. actions gives
// each row its link. Faults of the form are written into out.
func (s *Screens) search(ctx context.Context, v *visit, out *answer, actions func(directory.Prisoner) *govuk.Link) (searchForm, *results, error) {
	query := v.request.URL.Query()
	form := s.searchForm(ctx, v, query)
	if !query.Has("q") {
		return form, nil, nil
	}
	a := asked{scope: form.Scope.Value, q: strings.TrimSpace(one(query, "q")), page: pageOf(query)}
	if query.Has("scope") {
		a.scope = one(query, "scope")
	}
	if a.scope != scopeGlobal && (a.scope != scopePrison || v.session.Caseloads.Active == "") {
		form.Scope.Error = "Invalid scope"
		out.errors = append(out.errors, govuk.ErrorLink{Text: form.Scope.Error, Href: "#" + form.Scope.ID})
	}
	if a.q == "" {
		form.Q.Error = "Enter a name or prison number"
		out.errors = append(out.errors, govuk.ErrorLink{Text: form.Q.Error, Href: "#" + form.Q.ID})
	}
	if len(out.errors) > 0 {
		out.status = http.StatusBadRequest
		return form, nil, nil
	}
	found, a, err := s.find20(ctx, v, a)
	if errors.Is(err, directory.ErrUnavailable) {
		form.Away, out.status = true, http.StatusServiceUnavailable
		return form, nil, nil
	}
	if err != nil {
		return form, nil, err
	}
	return form, s.results(v, a, found, actions), nil
}

// searchForm returns the form with what was asked for. Without a caseload only every
// establishment can be searched.
func (s *Screens) searchForm(ctx context.Context, v *visit, query url.Values) searchForm {
	form := searchForm{
		Scope: govuk.Radios{
			ID: "search-scope", Name: "scope", Legend: govuk.Legend{Text: "Search for prisoners", Hidden: true}, Inline: true, Small: true,
		},
		Q:      govuk.Input{ID: "search-q", Name: "q", Label: govuk.Label{Text: "Name or prison number"}, Value: one(query, "q"), Width: 30, Exact: true},
		Button: govuk.Button{Text: "Search"},
	}
	if active := v.session.Caseloads.Active; active != "" {
		form.Scope.Choices = append(form.Scope.Choices, govuk.Choice{Value: scopePrison, Text: "In " + s.prisonName(ctx, v, active)})
		form.Scope.Value = scopePrison
	} else {
		form.Scope.Value = scopeGlobal
	}
	form.Scope.Choices = append(form.Scope.Choices, govuk.Choice{Value: scopeGlobal, Text: "In any establishment (global)"})
	if scope := one(query, "scope"); scope == scopeGlobal {
		form.Scope.Value = scope
	}
	return form
}

// pageOf returns the page that is wanted: 1 when it is missing or no number from 1 on.
func pageOf(query url.Values) int {
	page, err := strconv.Atoi(one(query, "page"))
	if err != nil || page < 1 {
		return 1
	}
	return page
}

// farPage is the last page that is asked for without knowing how many there are: 10,000
// people, the usual limit of search engines.
const farPage = 500

// find20 returns one page of a search. Behind the last page stands the last.
func (s *Screens) find20(ctx context.Context, v *visit, a asked) (directory.Page, asked, error) {
	ask := func(page int) (directory.Page, error) {
		if a.scope == scopePrison {
			return s.directory.SearchPrison(ctx, v.session.Caseloads.Active, a.q, page-1)
		}
		return s.directory.SearchGlobal(ctx, a.q, page-1)
	}
	asked := a.page
	if asked > farPage {
		asked = 1 // a search engine may refuse a page far behind the last
	}
	found, err := ask(asked)
	a.page = min(a.page, max(1, (found.Total+directory.PageSize-1)/directory.PageSize))
	if err == nil && a.page != asked {
		found, err = ask(a.page)
	}
	return found, a, err
}

// results returns the table of a page of people.
func (s *Screens) results(v *visit, a asked, found directory.Page, action func(directory.Prisoner) *govuk.Link) *results {
	if len(found.People) == 0 {
		return &results{None: fmt.Sprintf("0 results found for “%s”.", echoed(a.q))}
	}
	first := (a.page-1)*directory.PageSize + 1
	out := &results{Showing: fmt.Sprintf("Showing %d to %d of %s", first, first+len(found.People)-1, govuk.Count(found.Total, "prisoner", "prisoners"))}
	out.Table = &govuk.Table{
		ID: "results", Caption: "Prisoners found", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{{Text: "Name"}, {Text: "Prison number"}, {Text: "Location"}, {Text: "Establishment"}, {Text: "Actions", Hidden: true}},
	}
	for _, prisoner := range found.People {
		p := person{Prisoner: prisoner, named: prisoner.FirstName != "" || prisoner.LastName != ""}
		out.Table.Rows = append(out.Table.Rows, govuk.Row{Cells: []govuk.Cell{
			{Text: p.ListName()}, {Text: string(p.Number)}, {Text: p.place()}, {Text: orText(establishment(p), "N/A")}, {Link: action(prisoner)},
		}})
	}
	out.Pagination = pagination(v.request.URL, a.page, (found.Total+directory.PageSize-1)/directory.PageSize)
	return out
}

// pagination leads to the other pages of a search; nil when there is one.
func pagination(address *url.URL, page, last int) *govuk.Pagination {
	if last < 2 {
		return nil
	}
	href := func(n int) string {
		query := address.Query()
		query.Set("page", strconv.Itoa(n))
		return addressOf(address.EscapedPath(), query)
	}
	p := &govuk.Pagination{}
	if page > 1 {
		p.Previous = href(page - 1)
	}
	if page < last {
		p.Next = href(page + 1)
	}
	for n := 1; n <= last; n++ {
		switch near := n >= page-1 && n <= page+1; {
		case n == 1, n == last, near:
			p.Pages = append(p.Pages, govuk.PageLink{Number: n, Href: href(n), Current: n == page})
		case n == page-2, n == page+2:
			p.Pages = append(p.Pages, govuk.PageLink{Gap: true})
		}
	}
	return p
}

// homeActions leads from a person to the list.
func (s *Screens) homeActions(prisoner directory.Prisoner) *govuk.Link {
	p := person{Prisoner: prisoner, named: true}
	return &govuk.Link{Text: "View non-associations", Hidden: " of " + withNumber(p), Href: listPath(prisoner.Number, openKind)}
}

// searchPrisoner is the search for a prisoner to keep apart from another.
func (s *Screens) searchPrisoner(ctx context.Context, v *visit) (answer, error) {
	number, err := v.number("pn")
	if err != nil {
		return answer{}, err
	}
	out := answer{title: "Search for a prisoner", subjects: []domain.PrisonerNumber{}, as: store.PageSearch}
	everybody, err := s.find(ctx, []domain.PrisonerNumber{number})
	if err != nil {
		return out, err
	}
	key := everybody.of(number)
	if err := v.require(domain.ActSearch, everybody, key, key); err != nil {
		return out, err
	}
	records, err := s.reads.OfPrisoner(ctx, number, 0)
	if err != nil {
		return out, err
	}
	out.position = records.Position
	out.crumbs = []crumb{{key.ListName(), listPath(number, openKind)}}
	page := Search{Key: key, Cancel: govuk.Link{Text: "Cancel", Href: listPath(number, openKind)}}
	page.Search, page.Results, err = s.search(ctx, v, &out, addActions(v, key, openWith(records, number, domain.Today(v.now))))
	out.page = page
	return out, err
}

// openWith returns the open record of a prisoner with each other one.
func openWith(records queries.Records, number domain.PrisonerNumber, today string) map[domain.PrisonerNumber]string {
	open := map[domain.PrisonerNumber]string{}
	for _, r := range records.Records {
		if !r.NonAssociation.IsClosed(today) {
			open[r.Pair.Other(number)] = r.NonAssociation.ID.String()
		}
	}
	return open
}

// addActions leads from a person to the open record with the key prisoner, or to a new
// one where the user may write it. The key prisoner has no link.
func addActions(v *visit, key person, open map[domain.PrisonerNumber]string) func(directory.Prisoner) *govuk.Link {
	return func(prisoner directory.Prisoner) *govuk.Link {
		other := person{Prisoner: prisoner, named: true}
		path := listPath(key.Number, openKind)
		if id, is := open[other.Number]; is {
			return &govuk.Link{Text: "View non-association", Hidden: " with " + withNumber(other), Href: path + "/" + id}
		}
		if other.Number == key.Number || !v.offers(domain.ActAdd, people{}, key, other) {
			return nil
		}
		return &govuk.Link{Text: "Select prisoner", Hidden: " " + withNumber(other), Href: path + "/add/with-prisoner/" + string(other.Number)}
	}
}
