package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"nonassociations/eventstore"
)

// mapError says in the port's words what a failure means. ctx is the caller's:
// when it has ended, that is the reason; a limit of our own is the server's
// fault.
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
	// The cause as text only: its own deadline must not look like the caller's.
	failure := fmt.Errorf("%w: %v", meaning, err)
	if errors.Is(meaning, eventstore.ErrConflict) {
		return failure
	}
	return reasoned(err, failure)
}

// codeOf finds the port's error, nil when it has none: then the question
// itself was bad, and asking again is no use.
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
		// Somebody wrote past the lock; the stream is not where it was expected.
		return eventstore.ErrConflict
	}
	return nil
}

// denied: insufficient privilege, or a login that is refused.
func denied(code string) bool { return code == "42501" || strings.HasPrefix(code, "28") }

// isTransient tells whether the server, not the question, is at fault: lost
// connections, rollbacks by the server, want of resources, a shutdown, a
// time-out, a standby that does not write yet.
func isTransient(code string) bool {
	for _, class := range []string{"08", "40", "53", "57", "58", "XX"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return code == "55P03" || code == "25006"
}
