package publisher

import (
	"context"
	"errors"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Backlog is the part of the log after a topic's checkpoint: the consumer lag. Facts
// whose messages are parked do not count, since the checkpoint has passed them.
type Backlog struct {
	Facts int           // private ones included
	More  bool          // counting stopped at its bound
	Lag   time.Duration // age of the oldest; 0 when there is none
}

// maxCounted bounds the counting. Beyond it the exact number says no more.
const maxCounted = 100_000

var errEnough = errors.New("backlog is counted")

// ReadBacklog counts the facts after a checkpoint by reading the log, at most
// 100,000 of them. now is the time against which Lag is measured.
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
