package directory

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"nonassociations/domain"
)

// PageSize is how many people a page of a search has.
const PageSize = 20

// maxPeople is how many people of a prison are asked for in one page. The pages of the
// service are not stable, so that a second page could repeat people and leave out
// others. No prison holds as many.
const maxPeople = 3000

// Page is one answer about many people. People are different prisoners, in the order of
// the service. Total is how many there are by the service's count, on all pages.
type Page struct {
	People []Prisoner
	Total  int
}

// Missing returns by how many the people of a page that should hold all of them differ
// from the service's count. It is 0 only when everybody could be read.
func (p Page) Missing() int { return max(p.Total-len(p.People), len(p.People)-p.Total) }

// Prison returns all people of a prison, as the service knows them now. A prison that
// the service does not know has nobody. Errors: ErrUnavailable, and the context's.
func (d *Directory) Prison(ctx context.Context, prison domain.PrisonID) (Page, error) {
	return d.peopleOf(ctx, prison, maxPeople, url.Values{
		sizeParameter: {strconv.Itoa(maxPeople)}, fieldsParameter: {responseFields},
	})
}

// IsKnown reports whether the prison is one of the caseloads, or one where the directory
// has at least one person now. A caseload is known without asking. Errors:
// ErrUnavailable, and the context's; nothing is known of the prison then.
func (d *Directory) IsKnown(ctx context.Context, prison domain.PrisonID, caseloads []domain.PrisonID) (bool, error) {
	if slices.Contains(caseloads, prison) {
		return true, nil
	}
	if !prison.IsPrison() {
		return false, nil
	}
	page, err := d.peopleOf(ctx, prison, 1, url.Values{sizeParameter: {"1"}, fieldsParameter: {responseFields}})
	return len(page.People) > 0, err
}

// maxSearch is the longest text that is searched for, in bytes. Nobody has a longer name,
// and servers refuse long addresses.
const maxSearch = 500

// searchable returns a text as the service takes it, and whether anybody can be found by
// it. A text that could not be sent would count as a failure of the service.
func searchable(text string) (string, bool) {
	return strings.ToValidUTF8(text, "\uFFFD"), len(text) <= maxSearch
}

// SearchPrison returns a page of the people of a prison whose name or number fits a
// term, by last name. A term longer than 500 bytes finds nobody. page counts from 0; one
// behind the last has nobody. Errors: ErrUnavailable, and the context's.
func (d *Directory) SearchPrison(ctx context.Context, prison domain.PrisonID, term string, page int) (Page, error) {
	term, canBeFound := searchable(term)
	if !canBeFound {
		return Page{}, nil
	}
	return d.peopleOf(ctx, prison, PageSize, url.Values{
		"term": {term}, "page": {strconv.Itoa(page)}, sizeParameter: {strconv.Itoa(PageSize)}, "sort": {"lastName,ASC"},
	})
}

// peopleOf asks for people of a prison. It ignores those whom the service places
// elsewhere, and completes the prison of those whom it does not place.
func (d *Directory) peopleOf(ctx context.Context, prison domain.PrisonID, most int, query url.Values) (Page, error) {
	page, err := d.page(ctx, request{
		method: http.MethodGet, path: "/prison/" + url.PathEscape(string(prison)) + "/prisoners", query: query,
		limit: maxBody(most),
		read: func(body io.Reader) (answers, error) {
			return readPage(body, func(p Prisoner) bool { return p.PrisonID == "" || p.PrisonID == string(prison) })
		},
	})
	for i := range page.People {
		page.People[i].PrisonID = string(prison)
	}
	return page, err
}

// globalQuery is the body of a search in all prisons. Empty fields are left out.
type globalQuery struct {
	PrisonerIdentifier string `json:"prisonerIdentifier,omitempty"`
	LastName           string `json:"lastName,omitempty"`
	FirstName          string `json:"firstName,omitempty"`
	Location           string `json:"location"`
	IncludeAliases     bool   `json:"includeAliases"`
}

// SearchGlobal returns a page of the people of all prisons, and of those in none, whom a
// query finds. A query with a digit is a prisoner number. Of any other the first word is
// the last name, and the second the first name. A blank query finds nobody, nor does one
// longer than 500 bytes. page counts from 0. Errors: ErrUnavailable, and the context's.
func (d *Directory) SearchGlobal(ctx context.Context, query string, page int) (Page, error) {
	asked := globalQuery{Location: "ALL", IncludeAliases: true}
	query, canBeFound := searchable(query)
	words := strings.Fields(query)
	switch {
	case !canBeFound, len(words) == 0:
		return Page{}, nil
	case strings.ContainsAny(query, "0123456789"):
		asked.PrisonerIdentifier = strings.ToUpper(strings.TrimSpace(query))
	default:
		asked.LastName = words[0]
		if len(words) > 1 {
			asked.FirstName = words[1]
		}
	}
	return d.page(ctx, request{
		method: http.MethodPost, path: "/global-search",
		query: url.Values{"page": {strconv.Itoa(page)}, sizeParameter: {strconv.Itoa(PageSize)}},
		body:  asked, limit: maxBody(PageSize),
		read: func(body io.Reader) (answers, error) {
			return readPage(body, func(Prisoner) bool { return true })
		},
	})
}

// page sends a request that is answered with a page. The request goes on without a
// caller that leaves: a caller's haste is no failure of the service.
func (d *Directory) page(ctx context.Context, r request) (Page, error) {
	type outcome struct {
		found answers
		err   error
	}
	answered := make(chan outcome, 1)
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return Page{}, fmt.Errorf("%w: closed", ErrUnavailable)
	}
	d.running.Go(func() {
		found, err := d.call(r)
		answered <- outcome{found, err}
	})
	d.mu.Unlock()
	select {
	case o := <-answered:
		if o.err != nil {
			return Page{}, o.err
		}
		return o.found.page(), nil
	case <-ctx.Done():
		return Page{}, fmt.Errorf("ask the prisoner directory: %w", ctx.Err())
	}
}

// page returns the people in the order of the service.
func (a answers) page() Page {
	p := Page{People: make([]Prisoner, len(a.order)), Total: a.total}
	for i, number := range a.order {
		p.People[i] = a.prisoners[number]
	}
	return p
}
