package api

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"nonassociations/queries"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// The sizes of a page, in records. 20 is the default of Spring, which callers of the
// service that this one replaces rely on.
const (
	defaultSize = 20
	maxSize     = 200
)

// records lists all non-associations page by page. The pages behind Link miss no record
// that was there all the time, whatever is written meanwhile. There is a Link only for
// an order in which no change can move a record.
func (a *API) records(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	p, out, err := a.begin(r)
	if err != nil {
		return out, err
	}
	of, number := pageOf(p, a.today())
	least := p.atLeast()
	if err := p.result(); err != nil {
		return out, err
	}
	if err := a.waitFor(ctx, least); err != nil {
		return out, err
	}
	of.AtLeast = least
	found, err := a.reads.Page(ctx, of)
	if err != nil {
		return out, unavailable(err)
	}
	content := shapes(viewAt(a.clock()), found.Records.Records)
	out.body, err = json.Marshal(pageBody(content, found, of.Size, number))
	out.etag, out.position, out.link = etagOf(out.body), formatPosition(found.Position), linkTo(r, of, number+1, found.Next)
	return out, err
}

// pageBody builds a page of records. Last is true only when no further record exists,
// whatever the total says: the total may be a moment older.
func pageBody(content []shape.NonAssociation, found queries.Page, size int, number int64) shape.Page {
	return springPage(content, found.Total, size, number, found.Next == nil)
}

// springPage builds a page as Spring does.
func springPage[T any](content []T, total int64, size int, number int64, last bool) shape.PageOf[T] {
	sort := shape.Sorted{Sorted: true}
	return shape.PageOf[T]{
		Content: content,
		Pageable: shape.Pageable{
			PageNumber: number, PageSize: size, Sort: sort, Offset: number * int64(size), Paged: true,
		},
		Last: last, First: number == 0, Sort: sort, Size: size, Number: number,
		TotalElements: total, TotalPages: (total + int64(size) - 1) / int64(size),
		NumberOfElements: len(content), Empty: len(content) == 0,
	}
}

// pageOf parses the parameters of a page and returns the request with the page's number.
func pageOf(p *parameters, today string) (queries.PageRequest, int64) {
	of := queries.PageRequest{Filter: p.wanted(today), Size: int(p.number("size", 1, maxSize, defaultSize))}
	of.By, of.Descending = p.sort()
	number := p.number("page", 0, math.MaxInt32, 0)
	of.Offset = number * int64(of.Size)
	after, given := p.one("after")
	if !given {
		return of, number
	}
	if _, both := p.values["page"]; both {
		p.fault("page", "must not be given together with after")
	}
	// A cursor marks a place in an order. When a change can move a record in that
	// order, a record could jump from a later page to one that was read already.
	if of.By != "" && !of.By.IsFixed() {
		p.fault("after", "is for "+fixedFields()+" alone: with sort="+string(of.By)+" a record that changes between two pages may be missed")
		return of, 0
	}
	// The cursor carries the number of the page, since a page that is found by a key
	// has no offset to compute it from.
	number, behind, err := parseCursor(after, of)
	if err != nil {
		p.fault("after", err.Error())
		return of, 0
	}
	of.After = &behind
	return of, number
}

// sort parses a field and a direction as Spring does: whenCreated,DESC.
func (p *parameters) sort() (by queries.SortField, down bool) {
	value, given := p.one("sort")
	if !given {
		return queries.ByID, false
	}
	name, towards, _ := strings.Cut(value, ",")
	fields := queries.SortFields()
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = string(field)
		if string(field) == name {
			by = field
		}
	}
	down = strings.EqualFold(towards, string(descending))
	// Spring accepts the direction in any case, so this parser does too.
	if by == "" || !down && towards != "" && !strings.EqualFold(towards, string(ascending)) {
		p.fault("sort", "must be one of "+strings.Join(names, ", ")+", followed by ,ASC or ,DESC or nothing")
	}
	return by, down
}

// fixedFields names the orders that Link can follow.
func fixedFields() string {
	var names []string
	for _, field := range queries.SortFields() {
		if field.IsFixed() {
			names = append(names, "sort="+string(field))
		}
	}
	return strings.Join(names, ", ")
}

// linkTo returns the Link header of the next page; "" after the last page, and for an
// order in which a change can move records.
func linkTo(r *http.Request, of queries.PageRequest, number int64, behind *queries.Cursor) string {
	if behind == nil || !of.By.IsFixed() {
		return ""
	}
	towards := ascending
	if of.Descending {
		towards = descending
	}
	// The link repeats every parameter that has an effect, defaults included. A client
	// that follows it across a release keeps the order in which it began.
	query := url.Values{
		"includeOpen": {strconv.FormatBool(of.Open)}, "includeClosed": {strconv.FormatBool(of.Closed)},
		"size": {strconv.Itoa(of.Size)}, "sort": {string(of.By) + "," + string(towards)},
		"after": {formatCursor(of, number, *behind)},
	}
	return fmt.Sprintf(`<%s?%s>; rel="next"`, r.URL.EscapedPath(), query.Encode())
}
