package esdb

import (
	"context"
	"fmt"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"nonassociations/eventstore"
)

// liveSubscription passes the messages of one subscription on. It detects when they
// stop although the log goes on.
type liveSubscription struct {
	store    *Store
	prefixes []string
	deliver  func(eventstore.Message) error
	// last is the position of the last event or checkpoint. It never goes back.
	last eventstore.Position
	// event is the position of the last event, or of the start of the subscription, and
	// checkpoint that of the last checkpoint. Repeats are found with them.
	event, checkpoint eventstore.Position
	caughtUp          bool
	// missed is whether the log was ahead at the last check of a silence.
	missed bool
}

// run handles messages until the context, the store or the subscription ends. It
// always returns an error.
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

// take handles one message. Exactly one of its fields is set. A message without any is
// of a newer server, and is ignored.
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

// takeEvent delivers an event unless it is a repeat or a system event, such as the
// tombstone in a deleted stream.
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

// takeCheckpoint delivers a checkpoint unless it is a repeat or goes back: servers send
// both.
func (w *liveSubscription) takeCheckpoint(place eventstore.Position) error {
	if place.Before(w.last) || place == w.checkpoint {
		return nil
	}
	w.last, w.checkpoint = place, place
	return w.deliverEvent(eventstore.Message{Kind: eventstore.Checkpoint, Position: place})
}

// takeCaughtUp delivers the first CaughtUp. A server that has fallen behind with a slow
// reader sends another one, which has no FellBehind before it.
func (w *liveSubscription) takeCaughtUp() error {
	if w.caughtUp {
		return nil
	}
	w.caughtUp = true
	return w.deliverEvent(eventstore.Message{Kind: eventstore.CaughtUp})
}

// deliverEvent marks an error of the caller, which Subscribe returns unchanged.
func (w *liveSubscription) deliverEvent(message eventstore.Message) error {
	if err := w.deliver(message); err != nil {
		return &refusal{err}
	}
	return nil
}

// isSilent ends a subscription that has twice received nothing for the silence time
// although the log has an event for it. The protocol has no heartbeat. Once is no
// fault: the event may be on its way.
func (w *liveSubscription) isSilent(ctx context.Context) error {
	behind, err := w.isBehind(ctx)
	if err != nil {
		return ctx.Err() // the connection, or the next silence, will report it
	}
	if behind && w.missed {
		return fmt.Errorf("%w: the subscription fell silent behind %v", eventstore.ErrUnavailable, w.last)
	}
	w.missed = behind
	return nil
}

// Page sizes of the search for missed events: the first page, and the events in all.
const (
	firstLook = 32
	lookBack  = 4096
)

// isBehind reports whether the log has an event for the subscription that was not
// delivered.
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
			if eventstore.HasPrefix(event.Stream, w.prefixes) && !isSystemEvent(event) {
				return true, nil
			}
		}
		seen += len(events)
	}
	return false, nil
}
