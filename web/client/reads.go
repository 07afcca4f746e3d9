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

// Include selects open and closed non-associations.
type Include int

// The selections; the zero value is those that are open.
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

// PrisonerParams are the parameters of a prisoner's list.
type PrisonerParams struct {
	Read

	Include       Include
	OtherPrisons  bool
	SortBy        string // "": WHEN_CREATED
	SortDirection string // ASC or DESC; "": the default of SortBy
}

// PageParams are the parameters of the list of all non-associations.
type PageParams struct {
	Read

	Include Include
	Page    int
	Size    int    // 0: 20
	Sort    string // "": id,ASC; a list by another field has no next page
}

// BetweenParams are the parameters of Between.
type BetweenParams struct {
	Read

	Include  Include
	PrisonID string // only records whose prisoners are both there
}

// InvolvingParams are the parameters of Involving.
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

// Record returns the non-association of an id. A deleted one is an [Error] with status
// 404.
func (c *Client) Record(ctx context.Context, id string, ask Read) (Response[StaffNonAssociation], error) {
	query, header := ask.set(url.Values{})
	return send[StaffNonAssociation](ctx, c, request{method: http.MethodGet, path: queryOf(reference, id), query: query, header: header})
}

// OfPrisoner returns a prisoner's list in the vocabulary of DPS.
func (c *Client) OfPrisoner(ctx context.Context, number string, ask PrisonerParams) (Response[PrisonerNonAssociations], error) {
	query, header := ask.set(ask.Include.values())
	query.Set("includeOtherPrisons", strconv.FormatBool(ask.OtherPrisons))
	set(query, "sortBy", ask.SortBy)
	set(query, "sortDirection", ask.SortDirection)
	return send[PrisonerNonAssociations](ctx, c, request{
		method: http.MethodGet, path: queryOf("/prisoner/{}/non-associations", number), query: query, header: header,
	})
}

// Between lists the non-associations within a group of prisoners.
func (c *Client) Between(ctx context.Context, ask BetweenParams, group []domain.PrisonerNumber) (Response[[]StaffNonAssociation], error) {
	query, header := ask.set(ask.Include.values())
	set(query, "prisonId", ask.PrisonID)
	return send[[]StaffNonAssociation](ctx, c, request{
		method: http.MethodPost, path: "/non-associations/between", query: query, header: header, body: group,
	})
}

// Involving lists the non-associations of every prisoner of a group.
func (c *Client) Involving(ctx context.Context, ask InvolvingParams, group []domain.PrisonerNumber) (Response[[]StaffNonAssociation], error) {
	query, header := ask.set(ask.Include.values())
	return send[[]StaffNonAssociation](ctx, c, request{
		method: http.MethodPost, path: "/non-associations/involving", query: query, header: header, body: group,
	})
}

// MoveQuestion is the body of CheckMove.
type MoveQuestion struct {
	PrisonerNumbers []domain.PrisonerNumber `json:"prisonerNumbers"` // 1 to 30 different ones
	PrisonID        string                  `json:"prisonId"`
	Location        *string                 `json:"location"` // a wing, landing or cell; nil: anywhere in the prison
}

// CheckMove returns whom prisoners would be too close to at a destination. A prison or a
// prisoner that nobody knows is an [Error] with status 404.
func (c *Client) CheckMove(ctx context.Context, ask Read, question MoveQuestion) (Response[MoveCheck], error) {
	query, header := ask.set(url.Values{})
	return send[MoveCheck](ctx, c, request{method: http.MethodPost, path: "/checks/move", query: query, header: header, body: question})
}

// All returns a page of all non-associations.
func (c *Client) All(ctx context.Context, ask PageParams) (Response[Page], error) {
	query, header := ask.set(ask.Include.values())
	query.Set("page", strconv.Itoa(ask.Page))
	set(query, "sort", ask.Sort)
	if ask.Size > 0 {
		query.Set("size", strconv.Itoa(ask.Size))
	}
	return send[Page](ctx, c, request{method: http.MethodGet, path: "/non-associations", query: query, header: header})
}

// Follow returns the page that an earlier one names as its next.
func (c *Client) Follow(ctx context.Context, next string) (Response[Page], error) {
	path, query, _ := strings.Cut(next, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return Response[Page]{}, fmt.Errorf("read the link to the next page: %w", err)
	}
	return send[Page](ctx, c, request{method: http.MethodGet, path: path, query: values})
}

// ErrNoNext means that a list goes on after a page without a next one. It is sorted by
// a value that can change, so that following it could miss records.
var ErrNoNext = errors.New("the list goes on, but can be walked by id alone")

// Every iterates over all non-associations, page after page. An error ends it:
// ErrNoNext, or that of a call.
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
