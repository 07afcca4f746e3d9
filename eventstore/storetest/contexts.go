package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// errCanceled is the error of a subscription that a test has ended.
var errCanceled = context.Canceled

// contextTests are the rules of contexts and of Close. A caller must be able to leave
// at any time, and the outcome of its append is then unknown.
func (s *suite) contextTests() map[string]func(t *testing.T) {
	return map[string]func(t *testing.T){
		"every method returns after its context ended":        s.endedContexts,
		"a live subscription ends with its context":           s.endedLiveSubscription,
		"a time limit ends a subscription":                    s.subscriptionDeadline,
		"a caller that leaves does not cancel others":         s.concurrentCallers,
		"a closed store refuses calls and ends subscriptions": s.closed,
	}
}

// calls returns a call of each method but Close, with arguments that would succeed.
// callsAll compares the list with the interface.
func (s *suite) calls(store eventstore.Store) map[string]func(ctx context.Context) error {
	stream := s.stream()
	return map[string]func(ctx context.Context) error{
		"Append": func(ctx context.Context) error {
			_, err := store.Append(ctx, eventstore.Append{Stream: s.stream(), Expected: eventstore.NoStream, Events: events(1)})
			return err
		},
		"AppendMany": func(ctx context.Context) error {
			return store.AppendMany(ctx, []eventstore.Append{{Stream: s.stream(), Expected: eventstore.NoStream, Events: events(1)}})[0].Err
		},
		"ReadStream": func(ctx context.Context) error {
			_, err := store.ReadStream(ctx, stream, eventstore.Forwards, 0, 10)
			return err
		},
		"ReadMany": func(ctx context.Context) error { return store.ReadMany(ctx, []string{stream})[0].Err },
		"ReadAll": func(ctx context.Context) error {
			_, err := store.ReadAll(ctx, eventstore.Backwards, eventstore.End, 1)
			return err
		},
		"End": func(ctx context.Context) error {
			_, err := store.End(ctx)
			return err
		},
		"Subscribe": func(ctx context.Context) error {
			return store.Subscribe(ctx, eventstore.End, []string{stream}, func(eventstore.Message) error { return nil })
		},
	}
}

// inTime runs a call and returns its error. A call that hangs fails the test after ten
// seconds, well before the limit of the test itself, and its goroutine is left behind.
func inTime(t testing.TB, call func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-time.After(waitTime / 3):
		require.Fail(t, "the call does not return")
		return nil
	}
}

// endedContexts calls every method with an ended context. It must return the error of
// that context, at once. An append with an ended context must not be sent.
func (s *suite) endedContexts(t *testing.T) {
	for name, call := range s.calls(s.store) {
		t.Run(name, func(t *testing.T) {
			gone, cancel := context.WithCancel(context.Background())
			cancel()
			require.ErrorIs(t, inTime(t, func() error { return call(gone) }), context.Canceled)

			// A deadline that has passed must be returned as such, and not as a cancel.
			late, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
			defer cancel()
			require.ErrorIs(t, inTime(t, func() error { return call(late) }), context.DeadlineExceeded)
		})
	}
}

// endedLiveSubscription ends the context of a subscription that has caught up and waits
// for the next event. Waiting is where a subscription spends its life.
func (s *suite) endedLiveSubscription(t *testing.T) {
	l := s.listen(t, s.mark(t), s.prefix())
	l.untilCaughtUp(t)
	require.ErrorIs(t, l.end(t), context.Canceled)
}

// subscriptionDeadline subscribes with a deadline. A server that ends the stream at the
// deadline must not make it look like a break. The consumer retries after a break, and
// would never end.
func (s *suite) subscriptionDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	err := inTime(t, func() error {
		return s.store.Subscribe(ctx, s.mark(t), []string{s.prefix()}, func(eventstore.Message) error { return nil })
	})
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// concurrentCallers lets half of many concurrent callers leave. A store that groups
// appends must not cancel those of the others. Group commit is such a store: one
// request carries the appends of several callers.
func (s *suite) concurrentCallers(t *testing.T) {
	const pairs = 30
	ctx := within(t)
	stayed := make(chan error, pairs)
	left := make(chan error, pairs)
	for range pairs {
		leaving, cancel := context.WithCancel(ctx)
		go func() {
			_, err := s.store.Append(leaving, eventstore.Append{Stream: s.stream(), Expected: eventstore.NoStream, Events: events(1)})
			left <- err
		}()
		go func() {
			_, err := s.store.Append(ctx, eventstore.Append{Stream: s.stream(), Expected: eventstore.NoStream, Events: events(1)})
			stayed <- err
		}()
		cancel()
	}
	for range pairs {
		require.NoError(t, <-stayed)
		if err := <-left; err != nil {
			require.ErrorIs(t, err, context.Canceled)
		}
	}
}

// closed closes a store with a live subscription. All calls return ErrUnavailable
// afterwards, and a second Close is no error. Close happens during shutdown, where
// several owners may call it.
func (s *suite) closed(t *testing.T) {
	// The store of the run stays open for later tests, so this one has its own.
	own := *s
	own.store = s.Open(t)
	l := own.listen(t, own.mark(t), own.prefix())
	l.untilCaughtUp(t)
	require.NoError(t, own.store.Close(within(t)))
	require.ErrorIs(t, l.over(t), eventstore.ErrUnavailable)
	for name, call := range own.calls(own.store) {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, inTime(t, func() error { return call(within(t)) }), eventstore.ErrUnavailable)
		})
	}
	require.NoError(t, own.store.Close(within(t)), "closing twice is no fault")
}

// appendWithRetry appends after the last event, and again after every conflict.
func (s *suite) appendWithRetry(ctx context.Context, stream string, sent []eventstore.Event) error {
	for {
		last, err := s.store.ReadStream(ctx, stream, eventstore.Backwards, eventstore.FromEnd, 1)
		if err != nil {
			return err
		}
		_, err = s.store.Append(ctx, eventstore.Append{Stream: stream, Expected: eventstore.Exactly(last[0].Revision), Events: sent})
		if !errors.Is(err, eventstore.ErrConflict) {
			return err
		}
	}
}
