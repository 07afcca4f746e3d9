package consumer

import (
	"context"
	"errors"
	"time"

	"nonassociations/eventstore"
)

var errFound = errors.New("found")

// OldestBehind is when the first event behind a place was recorded, of the streams
// with one of the prefixes; zero when there is none.
func OldestBehind(ctx context.Context, store eventstore.Store, prefixes []string, at eventstore.Position) (time.Time, error) {
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
