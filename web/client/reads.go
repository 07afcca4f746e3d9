package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"nonassociations/domain"
)

// Include says which are asked for.
type Include int

// The choices; without one it is those that are open.
const (
	Open Include = iota
	Closed
	OpenAndClosed
)

// values returns the parameters of a selection.
func (i Include) values() url.Values {
	return url.Values{
		"includeOpen": {strconv.FormatBool(i != Closed)}, "includeClosed": {strconv.FormatBool(i != Open)},
	}
}

// PrisonerParams is what may be asked of a prisoner's list.
type PrisonerParams struct {
	Read

	Include       Include
	OtherPrisons  bool
	SortBy        string // WHEN_CREATED when empty
	SortDirection string // ASC or DESC; that of SortBy when empty
}

// PageParams is what may be asked of all non-associations.
type PageParams struct {
	Read

	Include Include
	Page    int
	Size    int    // 20 when 0
	Sort    string // id,ASC when empty; a list by another field names no next page
}

// BetweenParams is what may be asked of a group.
type BetweenParams struct {
	Read

	Include  Include
	PrisonID string // only those whose prisoners are both there
}

// InvolvingParams is what may be asked of those that concern a group.
type InvolvingParams struct {
	Read

	Include Include
}

// set adds a parameter unless its value is empty.
func set(query url.Values, name, value string) {
	if value != "" {
		query.Set(name, value)
	}
}

// Record is the non-association with an id; a deleted one is not found.
func (c *Client) Record(ctx context.Context, id string, ask Read) (Response[StaffNonAssociation], error) {
	query, header := ask.set(url.Values{})
	return send[StaffNonAssociation](ctx, c, request{method: http.MethodGet, path: queryOf(reference, id), query: query, header: header})
}

// OfPrisoner is a prisoner's list in the words of staff.
func (c *Client) OfPrisoner(ctx context.Context, number string, ask PrisonerParams) (Response[PrisonerNonAssociations], error) {
	query, header := ask.set(ask.Include.values())
	query.Set("includeOtherPrisons", strconv.FormatBool(ask.OtherPrisons))
	set(query, "sortBy", ask.SortBy)
	set(query, "sortDirection", ask.SortDirection)
	return send[PrisonerNonAssociations](ctx, c, request{
		method: http.MethodGet, path: queryOf("/prisoner/{}/non-associations", number), query: query, header: header,
	})
}

// Between is what keeps the prisoners of a group apart from each other.
func (c *Client) Between(ctx context.Context, ask BetweenParams, group []domain.PrisonerNumber) (Response[[]StaffNonAssociation], error) {
	query, header := ask.set(ask.Include.values())
	set(query, "prisonId", ask.PrisonID)
	return send[[]StaffNonAssociation](ctx, c, request{
		method: http.MethodPost, path: "/non-associations/between", query: query, header: header, body: group,
	})
}

// Involving is what concerns any prisoner of a group.
func (c *Client) Involving(ctx context.Context, ask InvolvingParams, group []domain.PrisonerNumber) (Response[[]StaffNonAssociation], error) {
	query, header := ask.set(ask.Include.values())
	return send[[]StaffNonAssociation](ctx, c, request{
		method: http.MethodPost, path: "/non-associations/involving", query: query, header: header, body: group,
	})
}

// All is a page of all non-associations.
func (c *Client) All(ctx context.Context, ask PageParams) (Response[Page], error) {
	query, header := ask.set(ask.Include.values())
	query.Set("page", strconv.Itoa(ask.Page))
	set(query, "sort", ask.Sort)
	if ask.Size > 0 {
		query.Set("size", strconv.Itoa(ask.Size))
	}
	return send[Page](ctx, c, request{method: http.MethodGet, path: "/non-associations", query: query, header: header})
}

// Follow is the page that an earlier one names as its next.
func (c *Client) Follow(ctx context.Context, next string) (Response[Page], error) {
	path, query, _ := strings.Cut(next, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return Response[Page]{}, fmt.Errorf("read the link to the next page: %w", err)
	}
	return send[Page](ctx, c, request{method: http.MethodGet, path: path, query: values})
}

// ErrNoNext says that a list goes on behind a page that leads nowhere: it is
// sorted by a value that can change, and cannot be walked.
var ErrNoNext = errors.New("the list goes on, but can be walked by id alone")

// Every is all non-associations, page after page; an error ends it. Errors:
// ErrNoNext beside those of a call.
func (c *Client) Every(ctx context.Context, ask PageParams) iter.Seq2[StaffNonAssociation, error] {
	return func(yield func(StaffNonAssociation, error) bool) {
		page, err := c.All(ctx, ask)
		for ; err == nil; page, err = c.Follow(ctx, page.Next) {
			for _, n := range page.Body.Content {
				if !yield(n, nil) {
					return
				}
			}
			if page.Next != "" {
				continue
			}
			if !page.Body.Last {
				yield(StaffNonAssociation{}, ErrNoNext)
			}
			return
		}
		yield(StaffNonAssociation{}, err)
	}
}
