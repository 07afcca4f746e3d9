package publisher

import (
	"context"
	"errors"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Backlog is what a topic has not been told yet.
type Backlog struct {
	Facts int           // private ones too
	More  bool          // there are more; counting ended there
	Lag   time.Duration // age of the oldest
}

// maxCounted bounds the counting: an operator who sees so many need not know.
const maxCounted = 100_000

var errEnough = errors.New("counted")

// ReadBacklog counts the facts behind a checkpoint.
func ReadBacklog(ctx context.Context, store eventstore.Store, checkpoint eventstore.Position, now time.Time) (Backlog, error) {
	var b Backlog
	err := store.Subscribe(ctx, checkpoint, domain.StreamPrefixes(), func(m eventstore.Message) error {
		switch {
		case m.Kind == eventstore.CaughtUp:
			return errEnough
		case m.Kind != eventstore.EventAppeared:
			return nil
		case b.Facts == maxCounted:
			b.More = true
			return errEnough
		case b.Facts == 0:
			b.Lag = now.Sub(m.Event.RecordedAt)
		}
		b.Facts++
		return nil
	})
	if errors.Is(err, errEnough) {
		return b, nil
	}
	return b, err
}
