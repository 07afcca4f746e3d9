// Package outage says for the API and the pages which errors pass: both answer them with
// 503, and a client may try again.
package outage

import (
	"context"
	"errors"

	"nonassociations/audit"
	"nonassociations/commands"
	"nonassociations/queries"
)

// Passes reports whether the same request may succeed later.
func Passes(err error) bool {
	for _, passing := range []error{
		commands.ErrBusy, queries.ErrNotCaughtUp, queries.ErrBehind, queries.ErrTooManyWaiters, queries.ErrAway,
		audit.ErrUnavailable, context.DeadlineExceeded, context.Canceled,
	} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}
