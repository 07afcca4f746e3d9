package nomisapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5/pgconn"
)

// answer is what a call is answered with. A body that is no string is sent as JSON; nil
// is no body.
type answer struct {
	status int
	kind   string // of a body that is text
	body   any
}

// refusal is an error with the status and the words of the real API.
type refusal struct {
	status int
	words  string
}

func (r refusal) Error() string { return r.words }

// The prefixes are those of the real API's exception handler.
func badRequest(format string, args ...any) error {
	return refusal{http.StatusBadRequest, "Bad request: " + fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return refusal{http.StatusBadRequest, "Validation failure: " + fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return refusal{http.StatusNotFound, "Not Found: " + fmt.Sprintf(format, args...)}
}

func unexpected(format string, args ...any) error {
	return refusal{http.StatusInternalServerError, "Unexpected error: " + fmt.Sprintf(format, args...)}
}

// errLocked is the answer when another transaction holds the rows for too long.
var errLocked = refusal{http.StatusLocked, "Resource locked: could not obtain the lock of the non-association"}

// errorBody is the JSON of an answer that refuses.
type errorBody struct {
	Status           int    `json:"status"`
	UserMessage      string `json:"userMessage,omitempty"`
	DeveloperMessage string `json:"developerMessage,omitempty"`
}

// refuse returns the answer of an error. One that is no refusal is a 500, but for a lock
// that could not be had.
func refuse(err error) answer {
	var refused refusal
	var postgres *pgconn.PgError
	switch {
	case errors.As(err, &refused):
	case errors.As(err, &postgres) && postgres.Code == "55P03":
		refused = errLocked
	default:
		refused = refusal{http.StatusInternalServerError, "Unexpected error: " + err.Error()}
	}
	return answer{status: refused.status, body: errorBody{refused.status, refused.words, refused.words}}
}

// write sends the answer. A caller that left needs none.
func (a answer) write(w http.ResponseWriter) {
	if a.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	switch body := a.body.(type) {
	case nil:
		w.WriteHeader(a.status)
	case string:
		w.Header().Set("Content-Type", a.kind)
		w.WriteHeader(a.status)
		_, _ = w.Write([]byte(body))
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(a.status)
		_ = json.NewEncoder(w).Encode(body)
	}
}

// ok is an answer of 200 with a body.
func ok(body any) answer { return answer{status: http.StatusOK, body: body} }
