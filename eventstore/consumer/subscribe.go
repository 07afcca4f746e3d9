package consumer

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"nonassociations/eventstore"
)

// item is one message between the subscription and the handler.
type item[T any] struct {
	eventRef

	event    bool // else only the position moves
	value    T
	recorded time.Time
	position eventstore.Position
	live     bool // the subscription has caught up
	poison   *Poison
}

// errStopped ends the subscription for good: the session ends at the Poison.
var errStopped = errors.New("stopped at a poison event")

// subscription is the reading side of a session. It is safe for concurrent use.
type subscription struct {
	mu         sync.Mutex
	received   eventstore.Position // the last position that was put into the channel
	receivedAt time.Time
	sending    bool // the channel is full: the handler is slow, not the server
	cancel     context.CancelFunc
}

// subscribe subscribes, and again after every break, until the context ends. The
// channel lives as long as the session and holds everything that was received, so
// the next subscription continues after it.
func (s *session[T]) subscribe(ctx context.Context) {
	options := s.consumer.options
	waits := exponential(options.Intervals.Retry, options.Intervals.RetryMost)
	_, _ = backoff.Retry(ctx, func() (struct{}, error) {
		before := s.sub.place()
		err := s.subscribeOnce(ctx, before)
		if errors.Is(err, errStopped) {
			err = backoff.Permanent(err)
		}
		if before.Before(s.sub.place()) {
			waits.Reset()
		}
		return struct{}{}, err
	}, backoff.WithBackOff(waits), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, _ time.Duration) {
		options.Logger.WarnContext(ctx, "subscription broke, subscribing again", "lease", options.Name, "error", err)
		s.consumer.status.broke(err)
	}))
}

// subscribeOnce returns when the subscription ends, and always with an error.
func (s *session[T]) subscribeOnce(ctx context.Context, from eventstore.Position) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.sub.begin(cancel, s.consumer.options.Clock())
	err := s.consumer.options.Store.Subscribe(ctx, from, s.consumer.options.Prefixes, func(m eventstore.Message) error {
		return s.receive(ctx, m)
	})
	return cmp.Or(err, eventstore.ErrUnavailable)
}

// receive decodes an event in the goroutine of the subscription, while the handler
// writes the batch before. A message at or before the last position is a repeat and
// is left out: servers repeat events after a reconnect, and checkpoints at any time.
func (s *session[T]) receive(ctx context.Context, m eventstore.Message) error {
	it := item[T]{position: m.Position}
	switch m.Kind {
	case eventstore.CaughtUp:
		it.live, it.position = true, s.sub.place()
		s.consumer.status.mended()
		s.lookAtHead()
	case eventstore.Checkpoint:
		if !s.sub.place().Before(m.Position) {
			return nil
		}
	case eventstore.EventAppeared:
		if !s.sub.place().Before(m.Position) {
			return nil
		}
		it.event, it.recorded, it.eventRef = true, m.Event.RecordedAt, eventRef{m.Event.ID, m.Event.Type}
		value, err := s.consumer.handler.Decode(m.Event)
		if err != nil {
			it.poison = poisonOf(m.Event, err)
		}
		it.value = value
	}
	if err := s.send(ctx, it); err != nil {
		return err
	}
	if it.poison != nil {
		return errStopped
	}
	return nil
}

// send puts an item into the channel, and waits while that is full.
func (s *session[T]) send(ctx context.Context, it item[T]) error {
	s.sub.send(true)
	defer s.sub.send(false)
	select {
	case s.items <- it:
		s.sub.accept(it.position, s.consumer.options.Clock())
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lookAtHead requests a reading of the head. Requests coalesce.
func (s *session[T]) lookAtHead() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// resubscribeWhenStalled ends a subscription that has been silent although the log
// goes on after its position. Subscriptions have no heartbeat, so a connection that
// was lost without notice looks like an idle log.
func (s *session[T]) resubscribeWhenStalled(h head) {
	s.sub.mu.Lock()
	defer s.sub.mu.Unlock()
	silent := s.passed(s.sub.receivedAt, s.consumer.options.Intervals.Stall)
	if s.sub.cancel == nil || s.sub.sending || !silent || !s.sub.received.Before(h.Own) {
		return
	}
	s.consumer.options.Logger.Warn("subscription is silent behind the head, subscribing again", "lease", s.consumer.options.Name)
	s.sub.cancel()
}

// begin records a new subscription, which cancel ends.
func (s *subscription) begin(cancel context.CancelFunc, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel, s.receivedAt = cancel, now
}

// place returns the last position that was put into the channel.
func (s *subscription) place() eventstore.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received
}

// send records whether the subscription waits for the handler.
func (s *subscription) send(sending bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sending = sending
}

// accept records a position that was put into the channel.
func (s *subscription) accept(position eventstore.Position, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.received.Before(position) {
		s.received = position
	}
	s.receivedAt = now
}
