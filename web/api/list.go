package api

import (
	"context"
	"net/http"

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
	return invalidValue("reference", "must be a prisoner number such as A1234BC, or a UUID")
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
