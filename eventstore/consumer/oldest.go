package consumer

import (
	"context"
	"errors"
	"time"

	"nonassociations/eventstore"
)

// errFound ends the subscription of OldestAfter.
var errFound = errors.New("found")

// OldestAfter returns when the first event after a position was recorded, among the
// streams with one of the prefixes: the age of the oldest event that a consumer at
// that position has still to apply. It returns the zero time when there is none.
// Errors: those of Subscribe.
func OldestAfter(ctx context.Context, store eventstore.Store, prefixes []string, at eventstore.Position) (time.Time, error) {
	var recorded time.Time
	err := store.Subscribe(ctx, at, prefixes, func(m eventstore.Message) error {
		switch m.Kind {
		case eventstore.EventAppeared:
			recorded = m.Event.RecordedAt
			return errFound
		case eventstore.CaughtUp:
			return errFound
		default:
			return nil
		}
	})
	if errors.Is(err, errFound) {
		return recorded, nil
	}
	return time.Time{}, err
}
