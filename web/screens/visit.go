package screens

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/web/screens/signin"
)

// handler reads what a page shows. Errors: a *failure, and those of the rooms that it
// asks, which failureOf maps.
type handler func(ctx context.Context, v *visit) (answer, error)

// visit is one request.
type visit struct {
	request *http.Request
	id      uuid.UUID // of the request
	now     time.Time // in Europe/London
	session *signin.Session
	form    url.Values // of a POST
}

// number returns a prisoner number of the path, in capitals. A malformed one is not
// found.
func (v *visit) number(parameter string) (domain.PrisonerNumber, error) {
	number, err := domain.ParsePrisonerNumber(upper(chi.URLParam(v.request, parameter)))
	if err != nil {
		return "", notFound()
	}
	return number, nil
}

// recordID returns the id of a record in the path. A malformed one is not found.
func (v *visit) recordID() (uuid.UUID, error) {
	text := chi.URLParam(v.request, "id")
	id, err := uuid.Parse(text)
	if err != nil || len(text) != len(uuid.Nil.String()) {
		return uuid.Nil, notFound()
	}
	return id, nil
}
