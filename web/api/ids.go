package api

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"nonassociations/domain"
)

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

// pathValue returns a parameter of the path, unescaped. The router keeps it as it was
// written.
func pathValue(r *http.Request, name string) (string, error) {
	value := chi.URLParam(r, name)
	if r.URL.RawPath == "" {
		return value, nil
	}
	plain, err := url.PathUnescape(value)
	if err != nil {
		return "", invalidValue(name, "is not a text")
	}
	return plain, nil
}

// pathID parses a UUID in the path.
func pathID(r *http.Request, name string) (uuid.UUID, error) {
	text, err := pathValue(r, name)
	if err != nil {
		return uuid.Nil, err
	}
	id, err := parseID(text)
	if err != nil {
		return uuid.Nil, invalidValue(name, err.Error())
	}
	return id, nil
}

// pathNumber parses a prisoner number in the path.
func pathNumber(r *http.Request, name string) (domain.PrisonerNumber, error) {
	text, err := pathValue(r, name)
	if err != nil {
		return "", err
	}
	number, err := domain.ParsePrisonerNumber(text)
	if err != nil {
		return "", invalidValue(name, err.Error())
	}
	return number, nil
}

// pathPair parses the two prisoner numbers in the path.
func pathPair(r *http.Request) (domain.Pair, error) {
	one, err := pathNumber(r, "firstPrisonerNumber")
	if err != nil {
		return domain.Pair{}, err
	}
	other, err := pathNumber(r, "secondPrisonerNumber")
	if err != nil {
		return domain.Pair{}, err
	}
	pair, err := domain.NewPair(one, other)
	if err != nil {
		return domain.Pair{}, invalidValue("secondPrisonerNumber", err.Error())
	}
	return pair, nil
}
