package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// listener is a subscription of a test, which takes its messages one by one. messages
// has no buffer, so the store sees the speed of the test.
type listener struct {
	messages chan eventstore.Message
	ended    chan error
	cancel   context.CancelFunc
}

// listen subscribes. The subscription waits until each message is taken, and ends with
// the test at the latest. It keeps the store of the time of the call, because an outage
// test may replace it.
func (s *suite) listen(t *testing.T, from eventstore.Position, prefixes ...string) *listener {
	ctx, cancel := context.WithCancel(context.Background())
	l := &listener{messages: make(chan eventstore.Message), ended: make(chan error, 1), cancel: cancel}
	store := s.store
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		l.ended <- store.Subscribe(ctx, from, prefixes, func(message eventstore.Message) error {
			select {
			case l.messages <- message:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	t.Cleanup(func() { cancel(); <-gone })
	return l
}

// next returns the next message. It fails the test when the subscription ends, or when
// nothing is delivered for waitTime.
func (l *listener) next(t testing.TB) eventstore.Message {
	t.Helper()
	select {
	case message := <-l.messages:
		return message
	case err := <-l.ended:
		require.Fail(t, "the subscription ended", "%v", err)
	case <-time.After(waitTime):
		require.Fail(t, "nothing more is delivered")
	}
	return eventstore.Message{}
}

// events returns the next n events, and skips messages of other kinds. The position of
// an event's message must be that of the event.
func (l *listener) events(t testing.TB, n int) []eventstore.RecordedEvent {
	t.Helper()
	taken := make([]eventstore.RecordedEvent, 0, n)
	for len(taken) < n {
		if message := l.next(t); message.Kind == eventstore.EventAppeared {
			require.Equal(t, message.Event.Position, message.Position)
			taken = append(taken, message.Event)
		}
	}
	return taken
}

// untilCaughtUp returns all messages before the first CaughtUp, checkpoints included.
func (l *listener) untilCaughtUp(t testing.TB) []eventstore.Message {
	t.Helper()
	var taken []eventstore.Message
	for {
		message := l.next(t)
		if message.Kind == eventstore.CaughtUp {
			return taken
		}
		taken = append(taken, message)
	}
}

// end cancels the subscription and returns its error.
func (l *listener) end(t testing.TB) error {
	t.Helper()
	l.cancel()
	return l.over(t)
}

// over waits for the end of the subscription and drops what is still delivered.
func (l *listener) over(t testing.TB) error {
	t.Helper()
	for {
		select {
		case <-l.messages:
		case err := <-l.ended:
			return err
		case <-time.After(waitTime):
			require.Fail(t, "the subscription does not end")
		}
	}
}

// appeared returns the events among messages, in their order.
func appeared(messages []eventstore.Message) []eventstore.RecordedEvent {
	var kept []eventstore.RecordedEvent
	for _, message := range messages {
		if message.Kind == eventstore.EventAppeared {
			kept = append(kept, message.Event)
		}
	}
	return kept
}
