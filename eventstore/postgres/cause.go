package postgres

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"nonassociations/eventstore"
)

// withCause adds to a failure the cause that err shows, if it shows one.
func withCause(err, failure error) error {
	cause := causeOf(err)
	if cause == "" {
		return failure
	}
	return &eventstore.Unreached{Cause: cause, Err: failure}
}

// causeOf derives the cause from an error of the driver. It returns "" when the server
// was reached and has answered with an error of the statement.
func causeOf(err error) eventstore.Cause {
	var answered *pgconn.PgError
	if errors.As(err, &answered) {
		return causeOfAnswer(answered)
	}
	// A standby refuses the session with one of the first two errors when the address
	// asks for a writable server.
	switch {
	case errors.Is(err, pgconn.ErrReadOnlyConnection), errors.Is(err, pgconn.ErrStandbyConnection):
		return eventstore.CauseNoLeader
	case strings.Contains(err.Error(), "server refused TLS connection"): // the driver has no exported error for it
		return eventstore.CauseNoTLS
	}
	return eventstore.NetworkCause(err)
}

// causeOfAnswer derives the cause from the SQLSTATE of a refused login or server.
func causeOfAnswer(answered *pgconn.PgError) eventstore.Cause {
	switch {
	case answered.Code == "28000" && (strings.Contains(answered.Message, "no encryption") || strings.Contains(answered.Message, "SSL off")):
		return eventstore.CauseTLSWanted
	case strings.HasPrefix(answered.Code, "28"):
		return eventstore.CauseDenied
	case answered.Code == "25006", answered.Code == "57P03": // a standby, or a server that starts
		return eventstore.CauseNoLeader
	}
	return ""
}
