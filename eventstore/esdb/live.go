package esdb

import (
	"context"
	"fmt"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"nonassociations/eventstore"
)

// liveSubscription is a subscription at work: it hands on messages and notices when they
// stop coming although there are some.
type liveSubscription struct {
	store      *Store
	prefixes   []string
	deliver    func(eventstore.Message) error
	last       eventstore.Position // event or checkpoint, never going back
	event      eventstore.Position // last event, or where the subscription began
	checkpoint eventstore.Position // last checkpoint
	caughtUp   bool
	missed     bool // the log was ahead at the last silence
}

func (w *liveSubscription) run(ctx context.Context, messages <-chan *esdb.SubscriptionEvent) error {
	silence := time.NewTimer(w.store.options.Silence)
	defer silence.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.store.closing:
			return errClosed
		case message, open := <-messages:
			if err := w.take(ctx, message, open); err != nil {
				return err
			}
			w.missed = false
			silence.Reset(w.store.options.Silence)
		case <-silence.C:
			if err := w.isSilent(ctx); err != nil {
				return err
			}
			silence.Reset(w.store.options.Silence)
		}
	}
}

// take works on one message. Exactly one of its parts is set; none at all is a
// message of a newer server and means nothing.
func (w *liveSubscription) take(ctx context.Context, message *esdb.SubscriptionEvent, open bool) error {
	switch {
	case !open:
		return fmt.Errorf("%w: the subscription ended", eventstore.ErrUnavailable)
	case message.SubscriptionDropped != nil:
		if err := ctx.Err(); err != nil {
			return err
		}
		return w.store.dropped(message.SubscriptionDropped.Error)
	case message.EventAppeared != nil:
		return w.takeEvent(recorded(message.EventAppeared))
	case message.CheckPointReached != nil:
		return w.takeCheckpoint(position(message.CheckPointReached.Commit, message.CheckPointReached.Prepare))
	case message.CaughtUp != nil:
		return w.takeCaughtUp()
	}
	return nil
}

// takeEvent never goes back to an event that was delivered, and keeps a
// tombstone, which the server writes into the stream itself, out.
func (w *liveSubscription) takeEvent(event eventstore.RecordedEvent) error {
	if event.Position == eventstore.Start {
		return errPlaceless
	}
	if !w.event.Before(event.Position) {
		return nil
	}
	w.event = event.Position
	if w.last.Before(event.Position) {
		w.last = event.Position
	}
	if isSystemEvent(event) {
		return nil
	}
	return w.deliverEvent(eventstore.Message{Kind: eventstore.EventAppeared, Event: event, Position: event.Position})
}

// takeCheckpoint leaves out what would go back or was said: servers repeat
// checkpoints.
func (w *liveSubscription) takeCheckpoint(place eventstore.Position) error {
	if place.Before(w.last) || place == w.checkpoint {
		return nil
	}
	w.last, w.checkpoint = place, place
	return w.deliverEvent(eventstore.Message{Kind: eventstore.Checkpoint, Position: place})
}

// takeCaughtUp hands on the first one. A server that fell back on a slow reader
// sends another, without having said that it did.
func (w *liveSubscription) takeCaughtUp() error {
	if w.caughtUp {
		return nil
	}
	w.caughtUp = true
	return w.deliverEvent(eventstore.Message{Kind: eventstore.CaughtUp})
}

func (w *liveSubscription) deliverEvent(message eventstore.Message) error {
	if err := w.deliver(message); err != nil {
		return &refusal{err}
	}
	return nil
}

// isSilent breaks off a subscription that heard nothing twice although
// the log holds something for it; the protocol has no heart-beat. Once may be
// an event that is under way.
func (w *liveSubscription) isSilent(ctx context.Context) error {
	behind, err := w.isBehind(ctx)
	if err != nil {
		return ctx.Err() // the connection will say so itself, or the next silence
	}
	if behind && w.missed {
		return fmt.Errorf("%w: the subscription fell silent behind %v", eventstore.ErrUnavailable, w.last)
	}
	w.missed = behind
	return nil
}

// lookBack bounds what a silent subscription reads to find what it missed.
const (
	firstLook = 32
	lookBack  = 4096
)

// isBehind tells whether the log holds an event for us that was not delivered.
func (w *liveSubscription) isBehind(ctx context.Context) (bool, error) {
	page := all{direction: eventstore.Backwards, from: eventstore.End}
	for seen := 0; seen < lookBack && !page.ended; {
		events, err := w.store.next(ctx, &page, max(firstLook, seen))
		if err != nil {
			return false, err
		}
		for _, event := range events {
			if !w.last.Before(event.Position) {
				return false, nil
			}
			if eventstore.Begins(event.Stream, w.prefixes) && !isSystemEvent(event) {
				return true, nil
			}
		}
		seen += len(events)
	}
	return false, nil
}
