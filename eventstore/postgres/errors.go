package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"nonassociations/eventstore"
)

// mapError maps an error of the driver to one of the port. ctx is the caller's: when it
// has ended, its error is returned. When only a time limit of this package has ended,
// the error is ErrUnavailable.
func mapError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	meaning := codeOf(err)
	if meaning == nil {
		return err
	}
	// The driver's error as text only: a deadline in it must not look like the caller's.
	failure := fmt.Errorf("%w: %v", meaning, err)
	if errors.Is(meaning, eventstore.ErrConflict) {
		return failure
	}
	return withCause(err, failure)
}

// codeOf returns the port's error for an error of the driver. It returns nil when there
// is none: the statement itself was bad then, and a retry is of no use.
func codeOf(err error) error {
	if err == nil {
		return nil
	}
	var answered *pgconn.PgError
	if !errors.As(err, &answered) {
		return eventstore.ErrUnavailable
	}
	if denied(answered.Code) {
		return eventstore.ErrDenied
	}
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) || isTransient(answered.Code) {
		return eventstore.ErrUnavailable
	}
	if answered.Code == "23505" {
		// A writer has bypassed the lock: the stream is not at the expected revision.
		return eventstore.ErrConflict
	}
	return nil
}

// denied reports whether a code is a missing privilege or a refused login.
func denied(code string) bool { return code == "42501" || strings.HasPrefix(code, "28") }

// isTransient reports whether the server is at fault and not the statement: a lost
// connection, a rollback by the server, missing resources, a shutdown, a timeout, or a
// standby that is not promoted yet.
func isTransient(code string) bool {
	for _, class := range []string{"08", "40", "53", "57", "58", "XX"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return code == "55P03" || code == "25006"
}
