package npa

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"nonassociations/domain"
	"nonassociations/nomis/mirror"
)

// All returns the rows of one mirror, that of one prisoner, closed ones included, in the
// order of NOMIS. There may be none. Errors: ErrPrisonerUnknown, ErrDenied, ErrUnavailable,
// also when a row cannot be read or is of others.
func (c *Client) All(ctx context.Context, of, about domain.PrisonerNumber) ([]mirror.Row, error) {
	body, err := c.call(ctx, http.MethodGet, mirrorPath(of, about)+"/all", nil)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	var rows []mirror.Row
	if err == nil {
		rows, err = readRows(body, of, about)
	}
	if err != nil {
		return nil, fmt.Errorf("read a mirror of NOMIS: %w", err)
	}
	return rows, nil
}

// Absence returns what NOMIS says of a mirror that has no rows, "" when it has some.
// Errors: ErrDenied, ErrUnavailable.
func (c *Client) Absence(ctx context.Context, of, about domain.PrisonerNumber) (string, error) {
	_, err := c.call(ctx, http.MethodGet, mirrorPath(of, about)+"/all", nil)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrPrisonerUnknown) {
		return Words(err), nil
	}
	if err != nil {
		return "", fmt.Errorf("ask NOMIS why it has no rows: %w", err)
	}
	return "", nil
}

// Rows returns both mirrors of a pair, read at the same time. Both are empty for a pair
// that NOMIS has nothing of. Errors: as All, those of the lower number's mirror first.
func (c *Client) Rows(ctx context.Context, pair domain.Pair) (mirror.Rows, error) {
	var rows mirror.Rows
	var forwards, backwards error
	var reads sync.WaitGroup
	numbers := pair.Numbers()
	reads.Go(func() { rows.Forwards, forwards = c.All(ctx, numbers[0], numbers[1]) })
	reads.Go(func() { rows.Backwards, backwards = c.All(ctx, numbers[1], numbers[0]) })
	reads.Wait()
	if forwards != nil {
		return mirror.Rows{}, forwards
	}
	if backwards != nil {
		return mirror.Rows{}, backwards
	}
	return rows, nil
}

// Page is one page of the pairs that NOMIS has. A pair may come twice, on other pages
// too, in either order of its numbers. The numbers are as NOMIS sent them, and need not
// be prisoner numbers.
type Page struct {
	Pairs [][2]string
	Total int // of all pages, as counted when this one was read
}

// IDs returns a page of the pairs, the first one being 0. Its order is the server's. A
// page beyond the last is empty. Errors: ErrDenied, ErrUnavailable.
func (c *Client) IDs(ctx context.Context, page, size int) (Page, error) {
	query := url.Values{"page": {strconv.Itoa(page)}, "size": {strconv.Itoa(size)}}
	body, err := c.call(ctx, http.MethodGet, "/non-associations/ids?"+query.Encode(), nil)
	var read Page
	if err == nil {
		read, err = readPage(body, page)
	}
	if err != nil {
		return Page{}, fmt.Errorf("read a page of the pairs in NOMIS: %w", err)
	}
	return read, nil
}

// Merge is a completed merge of two prisoners in NOMIS.
type Merge struct {
	Removed, Retained domain.PrisonerNumber
	RequestedAt       string // wall-clock time as NOMIS sent it; empty: not told
}

// Merges returns the merges of a prisoner, as the one that was removed or retained, from
// a day as in 2026-07-05 on. Errors: ErrPrisonerUnknown, ErrDenied, ErrUnavailable.
func (c *Client) Merges(ctx context.Context, of domain.PrisonerNumber, from string) ([]Merge, error) {
	path := "/prisoners/" + url.PathEscape(string(of)) + "/merges?" + url.Values{"fromDate": {from}}.Encode()
	body, err := c.call(ctx, http.MethodGet, path, nil)
	var merges []Merge
	if err == nil {
		merges, err = readMerges(body)
	}
	if err != nil {
		return nil, fmt.Errorf("read the merges of a prisoner in NOMIS: %w", err)
	}
	return merges, nil
}
