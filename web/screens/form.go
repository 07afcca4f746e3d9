package screens

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// maxForm bounds the body of a form, in bytes. A comment has at most 240 characters.
const maxForm = 64 << 10

// What a form says that is not what its user left.
const (
	signedOutWarning   = "You were signed out. Nothing was saved yet."
	anotherUserWarning = "This page was opened by another user. Nothing was saved."
)

// anotherForm is for fields that were sent to the address of another form.
func anotherForm() *failure { return notUnderstood(http.StatusBadRequest, "This is another form.") }

// readForm reads the body of a POST. Errors: 413, 415, and 400 for a body that is no
// form.
func (v *visit) readForm() error {
	body, err := readBody(v.request)
	if err != nil {
		return err
	}
	// The size is judged first, as for the API.
	if kind, _, err := mime.ParseMediaType(v.request.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return notUnderstood(http.StatusUnsupportedMediaType, "The body is not a form.")
	}
	if v.request.Header.Get("Content-Encoding") != "" {
		return notUnderstood(http.StatusUnsupportedMediaType, "The body is encoded.")
	}
	if v.form, err = url.ParseQuery(string(body)); err != nil {
		return notUnderstood(http.StatusBadRequest, "The form could not be read.")
	}
	return nil
}

// readBody reads a body of at most maxForm bytes.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxForm))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, notUnderstood(http.StatusRequestEntityTooLarge, "The form is too large.")
	case err != nil:
		return nil, notUnderstood(http.StatusBadRequest, "The form was cut off.")
	}
	return body, nil
}

// one returns the value of a field that was sent once; "" for one that is missing or was
// sent twice: it counts as nothing chosen.
func one(values url.Values, field string) string {
	if sent := values[field]; len(sent) == 1 {
		return sent[0]
	}
	return ""
}

// text returns what was typed into a text field, as it is stored: line feeds alone, and
// no blanks around it.
func text(values url.Values, field string) string {
	return strings.TrimSpace(strings.ReplaceAll(one(values, field), "\r\n", "\n"))
}
