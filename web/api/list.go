package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/web/auth"
)

// nonAssociations serves one path with two kinds of reference: a prisoner number asks
// for the record's list, a UUID for one non-association.
func (a *API) nonAssociations(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	out := response{status: http.StatusOK, position: formatPosition(a.reads.Position())}
	reference, err := pathValue(r, "reference")
	if err != nil {
		return out, err
	}
	atLeast, err := atLeast(r.URL)
	if err != nil {
		return out, err
	}
	number, err := domain.ParsePrisonerNumber(reference)
	if err == nil {
		return a.list(ctx, r, out, number, atLeast)
	}
	if id, err := parseID(reference); err == nil {
		return a.record(ctx, out, id, atLeast)
	}
	return out, badReference()
}

// badReference refuses a reference that is neither a prisoner number nor a UUID.
func badReference() problem {
	return invalid([]fault{{"reference", "must be a prisoner number such as A1234BC, or a UUID"}}, 0)
}

// list answers with a prisoner's list by one read by primary key: the document is
// stored as it is answered.
func (a *API) list(ctx context.Context, r *http.Request, out response, number domain.PrisonerNumber, atLeast uint64) (response, error) {
	if err := a.waitFor(ctx, atLeast); err != nil {
		return out, err
	}
	list, err := a.reads.List(ctx, number, atLeast)
	if err != nil {
		// Whatever is wrong with the read model, the answer is never an empty list.
		return out, unavailable(err)
	}
	out.position = formatPosition(list.Position)
	if list.Survivor != "" {
		return out, movedReply(r, number, list.Survivor)
	}
	out.body, out.etag = list.Document, etagOf(list.Document)
	return out, nil
}

// pathValue returns a parameter of the path, unescaped. The router keeps it as it was
// written.
func pathValue(r *http.Request, name string) (string, error) {
	value := chi.URLParam(r, name)
	if r.URL.RawPath == "" {
		return value, nil
	}
	plain, err := url.PathUnescape(value)
	if err != nil {
		return "", invalid([]fault{{name, "is not a text"}}, 0)
	}
	return plain, nil
}

// atLeast parses the position that the caller has seen; 0 when none is given.
func atLeast(u *url.URL) (uint64, error) {
	if u.RawQuery == "" {
		return 0, nil
	}
	// A query that cannot be parsed may have held a position: a stale answer would be
	// wrong.
	query, err := url.ParseQuery(u.RawQuery)
	given := query["atLeast"]
	if err != nil || len(given) > 1 {
		return 0, badPosition()
	}
	if len(given) == 0 {
		return 0, nil
	}
	return parsePosition(given[0])
}

// parsePosition parses a position as X-Position writes it: decimal digits only, below
// 2⁶³.
func parsePosition(text string) (uint64, error) {
	position, err := strconv.ParseUint(text, 10, 63)
	if err != nil || text[0] == '+' {
		return 0, badPosition()
	}
	return position, nil
}

// formatPosition writes a position for X-Position.
func formatPosition(position uint64) string { return strconv.FormatUint(position, 10) }

// wantedPosition is the detail of every fault of a position.
const wantedPosition = "must be one position as X-Position gives it"

// badPosition refuses atLeast, also when the whole query cannot be parsed.
func badPosition() problem { return invalid([]fault{{"atLeast", wantedPosition}}, 0) }

// errID is the detail of every fault of a UUID.
var errID = errors.New("must be a UUID such as 8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10")

// parseID parses a UUID in its usual form alone. Our answers hold no other form that
// the library accepts.
func parseID(text string) (uuid.UUID, error) {
	if len(text) != 36 {
		return uuid.Nil, errID
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, errID
	}
	return id, nil
}
