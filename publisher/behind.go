package publisher

import (
	"context"
	"errors"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Behind is what a topic has not been told yet.
type Behind struct {
	Facts int           // private ones too
	More  bool          // there are more; counting ended there
	Lag   time.Duration // age of the oldest
}

// countMost bounds the counting: an operator who sees so many need not know.
const countMost = 100_000

var errCounted = errors.New("counted")

// HowFarBehind counts the facts behind a bookmark.
func HowFarBehind(ctx context.Context, store eventstore.Store, bookmark eventstore.Position, now time.Time) (Behind, error) {
	var b Behind
	err := store.Subscribe(ctx, bookmark, domain.StreamPrefixes(), func(m eventstore.Message) error {
		switch {
		case m.Kind == eventstore.CaughtUp:
			return errCounted
		case m.Kind != eventstore.EventAppeared:
			return nil
		case b.Facts == countMost:
			b.More = true
			return errCounted
		case b.Facts == 0:
			b.Lag = now.Sub(m.Event.RecordedAt)
		}
		b.Facts++
		return nil
	})
	if errors.Is(err, errCounted) {
		return b, nil
	}
	return b, err
}
