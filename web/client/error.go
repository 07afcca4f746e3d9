package client

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/web/shape"
)

// Error is a refusal of the service. Status and ErrorCode are stable, the messages are
// not.
type Error struct {
	shape.Problem

	RetryAfter time.Duration `json:"-"` // of a 503
	ETag       string        `json:"-"` // of a 412: the current one
}

// Error returns the status and the developer message, which holds no personal data.
func (e *Error) Error() string {
	return fmt.Sprintf("the service answers %d: %s", e.Status, e.DeveloperMessage)
}

// Code is the stable code, 0 when there is none.
func (e *Error) Code() int {
	if e.ErrorCode == nil {
		return 0
	}
	return int(*e.ErrorCode)
}

// Temporary reports whether the same request may succeed later.
func (e *Error) Temporary() bool {
	switch e.Status {
	case http.StatusServiceUnavailable, http.StatusRequestTimeout, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// errorOf reads a refusal, also one written by a proxy on the way.
func errorOf(response *http.Response, text []byte) error {
	e := &Error{}
	if err := json.Unmarshal(text, e); err != nil || e.Status != response.StatusCode {
		e = &Error{Problem: shape.Problem{UserMessage: response.Status, DeveloperMessage: response.Status}}
	}
	e.Status, e.ETag = response.StatusCode, response.Header.Get("ETag")
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}
