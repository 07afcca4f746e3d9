package postgres

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"nonassociations/eventstore"
)

// reasoned adds to a failure why no log was reached, where err says so.
func reasoned(err, failure error) error {
	cause := causeOf(err)
	if cause == "" {
		return failure
	}
	return &eventstore.Unreached{Cause: cause, Err: failure}
}

// causeOf reads the cause from an error of the driver, "" when there is none: what
// a server answers to a question is no reason for not reaching it.
func causeOf(err error) eventstore.Cause {
	var answered *pgconn.PgError
	if errors.As(err, &answered) {
		return causeOfAnswer(answered)
	}
	switch {
	case errors.Is(err, pgconn.ErrReadOnlyConnection), errors.Is(err, pgconn.ErrStandbyConnection):
		return eventstore.CauseNoLeader
	case strings.Contains(err.Error(), "server refused TLS connection"): // the driver has no value for it
		return eventstore.CauseNoTLS
	}
	return eventstore.NetworkCause(err)
}

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
