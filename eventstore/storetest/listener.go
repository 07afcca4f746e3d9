package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// listener is one subscription of a test, whose messages it takes one by one.
type listener struct {
	messages chan eventstore.Message
	ended    chan error
	cancel   context.CancelFunc
}

// listen subscribes; the subscription waits for each message to be taken, and
// is ended with the test at the latest.
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

// next takes the next message.
func (l *listener) next(t testing.TB) eventstore.Message {
	t.Helper()
	select {
	case message := <-l.messages:
		return message
	case err := <-l.ended:
		require.Fail(t, "the subscription ended", "%v", err)
	case <-time.After(patience):
		require.Fail(t, "nothing more is delivered")
	}
	return eventstore.Message{}
}

// events takes the next n events and passes over what is not one.
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

// untilCaughtUp takes all messages up to the first CaughtUp, which it leaves out.
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

// end cancels the subscription and returns what it ended with.
func (l *listener) end(t testing.TB) error {
	t.Helper()
	l.cancel()
	return l.over(t)
}

// over waits for the end of the subscription; what is still delivered is let go.
func (l *listener) over(t testing.TB) error {
	t.Helper()
	for {
		select {
		case <-l.messages:
		case err := <-l.ended:
			return err
		case <-time.After(patience):
			require.Fail(t, "the subscription does not end")
		}
	}
}

// appeared keeps the events among messages.
func appeared(messages []eventstore.Message) []eventstore.RecordedEvent {
	var kept []eventstore.RecordedEvent
	for _, message := range messages {
		if message.Kind == eventstore.EventAppeared {
			kept = append(kept, message.Event)
		}
	}
	return kept
}
