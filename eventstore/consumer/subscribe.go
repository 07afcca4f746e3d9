package consumer

import (
	"context"
	"errors"
	"sync"
	"time"

	"nonassociations/eventstore"
)

// item is one message on its way from the subscription to the handler.
type item[T any] struct {
	eventRef

	event    bool
	value    T
	recorded time.Time
	position eventstore.Position
	live     bool
	poison   *Poison
}

// stallTime is how long a subscription may stay behind a head without a word.
const stallTime = 10 * time.Second

var errStopped = errors.New("stopped at a poison event")

// subscription is the reading side of a session.
type subscription struct {
	mu         sync.Mutex
	received   eventstore.Position // the last place that went into the channel
	receivedAt time.Time
	sending    bool // the handler is slow, not the server
	cancel     context.CancelFunc
}

// subscribe keeps a subscription until the context ends. Everything that was
// received is in the channel, and the channel lives as long as the session, so
// the next subscription goes on behind it.
func (s *session[T]) subscribe(ctx context.Context) {
	wait := exponential(quickest, quickMost)
	for {
		before := s.sub.place()
		err := s.subscribeOnce(ctx, before)
		if errors.Is(err, errStopped) || ctx.Err() != nil {
			return
		}
		if before.Before(s.sub.place()) {
			wait.Reset()
		}
		s.consumer.options.Logger.WarnContext(ctx, "subscription broke, subscribing again", "lease", s.consumer.options.Name, "error", err)
		s.consumer.status.broke(err)
		if !pause(ctx, wait.NextBackOff()) {
			return
		}
	}
}

func (s *session[T]) subscribeOnce(ctx context.Context, from eventstore.Position) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.sub.begin(cancel, s.consumer.options.Clock())
	return s.consumer.options.Store.Subscribe(ctx, from, s.consumer.options.Prefixes, func(m eventstore.Message) error {
		return s.receive(ctx, m)
	})
}

// receive decodes here, in the subscription's goroutine, while the handler
// writes the batch before.
func (s *session[T]) receive(ctx context.Context, m eventstore.Message) error {
	it := item[T]{position: m.Position}
	switch m.Kind {
	case eventstore.CaughtUp:
		it.live, it.position = true, s.sub.place()
		s.consumer.status.mended()
		s.lookAtHead()
	case eventstore.Checkpoint:
		// Checkpoints of a real server may repeat or go backwards.
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

// lookAtHead asks for a head soon; one request is enough.
func (s *session[T]) lookAtHead() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// resubscribeWhenStalled ends a subscription that says nothing although there
// is something to say. Servers have no heart-beat here.
func (s *session[T]) resubscribeWhenStalled(h head) {
	s.sub.mu.Lock()
	defer s.sub.mu.Unlock()
	silent := s.consumer.options.Clock().Sub(s.sub.receivedAt)
	if s.sub.cancel == nil || s.sub.sending || silent < stallTime || !s.sub.received.Before(h.Own) {
		return
	}
	s.consumer.options.Logger.Warn("subscription is silent behind the head, subscribing again", "lease", s.consumer.options.Name)
	s.sub.cancel()
}

func (s *subscription) begin(cancel context.CancelFunc, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel, s.receivedAt = cancel, now
}

func (s *subscription) place() eventstore.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received
}

func (s *subscription) send(sending bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sending = sending
}

func (s *subscription) accept(position eventstore.Position, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.received.Before(position) {
		s.received = position
	}
	s.receivedAt = now
}
