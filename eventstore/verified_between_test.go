package eventstore_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// interrupted is a log under which something happens at the next call of a kind.
type interrupted struct {
	*connected

	duringAppend, duringRead func() error
}

func (i *interrupted) Append(ctx context.Context, append eventstore.Append) (eventstore.Appended, error) {
	if i.duringAppend != nil {
		if err := i.duringAppend(); err != nil {
			return eventstore.Appended{}, err
		}
	}
	return i.connected.Append(ctx, append)
}

func (i *interrupted) ReadStream(ctx context.Context, stream string, direction eventstore.Direction, from uint64, limit int) ([]eventstore.RecordedEvent, error) {
	if i.duringRead != nil {
		if err := i.duringRead(); err != nil {
			return nil, err
		}
	}
	return i.connected.ReadStream(ctx, stream, direction, from, limit)
}

// beginning is a copy of the first events of a log.
func beginning(t *testing.T, log eventstore.Store, events int) *memory.Store {
	t.Helper()
	earlier := memory.New()
	found, err := log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, events)
	require.NoError(t, err)
	for _, e := range found {
		_, err := earlier.Append(t.Context(), eventstore.Append{Stream: e.Stream, Expected: eventstore.NoStream, Events: []eventstore.Event{e.Event}})
		require.NoError(t, err)
	}
	return earlier
}

// TestAppend_thatOutlivesTheChangeIsNotAcknowledged: a store may send it again by
// itself on a new connection.
func TestAppend_thatOutlivesTheChangeIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	log := &interrupted{connected: connectedTo(logOf(t, theLog, 5))}
	v := eventstore.Verify(log)
	happens(t, v)
	log.duringAppend = func() error {
		log.Replace(logOf(t, another, 9))
		log.connections.Add(1)
		return nil
	}
	_, err := v.Append(t.Context(), anAppend())
	require.ErrorAs(t, err, new(*eventstore.Mismatch))
}

// TestVerified_asksTheLogFirstAfterAFault: whatever call met it.
func TestVerified_asksTheLogFirstAfterAFault(t *testing.T) {
	t.Parallel()
	log := &interrupted{connected: connectedTo(logOf(t, theLog, 5))}
	v := eventstore.Verify(log)
	happens(t, v)
	log.duringRead = func() error {
		log.duringRead = nil
		log.Replace(logOf(t, another, 9))
		return eventstore.ErrUnavailable
	}
	_, err := v.ReadStream(t.Context(), "a", eventstore.Forwards, 0, 1)
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	_, err = v.Append(t.Context(), anAppend())
	require.ErrorAs(t, err, new(*eventstore.Mismatch))
}

// listening subscribes until an append is told; ready is closed when that can come.
func listening(v *eventstore.Verified, written eventstore.Append) (ready chan struct{}, ended chan error) {
	ready, ended = make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- v.Subscribe(context.Background(), eventstore.Start, nil, func(m eventstore.Message) error {
			switch {
			case m.Kind == eventstore.CaughtUp:
				close(ready)
			case m.Kind == eventstore.EventAppeared && m.Event.ID == written.Events[0].ID:
				return errEnough
			}
			return nil
		})
	}()
	return ready, ended
}

// TestReach_knowsWhatASubscriptionDelivered: others may have written it.
func TestReach_knowsWhatASubscriptionDelivered(t *testing.T) {
	t.Parallel()
	log := connectedTo(logOf(t, theLog, 5))
	backup := beginning(t, log, 6)
	v := eventstore.Verify(log)
	written := anAppend()
	ready, ended := listening(v, written)
	<-ready
	_, err := log.Append(t.Context(), written)
	require.NoError(t, err)
	require.ErrorIs(t, <-ended, errEnough)
	log.Replace(backup)
	_, err = v.Append(t.Context(), anAppend())
	require.ErrorAs(t, err, new(*eventstore.Mismatch))
}

// TestAppend_isKnownByItsIDOnceASubscriptionDeliveredIt: a log that was put back and
// has grown to the same place again is another one.
func TestAppend_isKnownByItsIDOnceASubscriptionDeliveredIt(t *testing.T) {
	t.Parallel()
	log := connectedTo(logOf(t, theLog, 5))
	backup := beginning(t, log, 6)
	happens(t, backup)
	v := eventstore.Verify(log)
	_, err := eventstore.ReadIdentity(t.Context(), v)
	require.NoError(t, err)
	written := anAppend()
	ready, ended := listening(v, written)
	<-ready
	_, err = v.Append(t.Context(), written)
	require.NoError(t, err)
	require.ErrorIs(t, <-ended, errEnough)
	log.Replace(backup)
	watched(t, v)
	require.Eventually(t, func() bool { return v.Mismatch() != nil }, patience, poll)
}

// TestLog_withAnotherIDIsAnotherLog: every event is where it was.
func TestLog_withAnotherIDIsAnotherLog(t *testing.T) {
	t.Parallel()
	log := connectedTo(logOf(t, theLog, 5))
	v := eventstore.Verify(log)
	happens(t, v)
	events, err := log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 10)
	require.NoError(t, err)
	other := memory.New()
	for _, e := range events {
		if e.Stream == "app-meta" {
			e.Data = []byte(`{"storeId":"` + another.String() + `"}`)
		}
		_, err := other.Append(t.Context(), eventstore.Append{Stream: e.Stream, Expected: eventstore.NoStream, Events: []eventstore.Event{e.Event}})
		require.NoError(t, err)
	}
	log.Replace(other)
	watched(t, v)
	require.Eventually(t, func() bool { return v.Mismatch() != nil }, patience, poll)
	require.Equal(t, another, v.Mismatch().Found)
}

// TestPlace_isKnownWithoutTheIDOfItsEvent: what was appended here, and no reader has
// read.
func TestPlace_isKnownWithoutTheIDOfItsEvent(t *testing.T) {
	t.Parallel()
	log := connectedTo(logOf(t, theLog, 5))
	backup := beginning(t, log, 6)
	v := eventstore.Verify(log)
	happens(t, v)
	happens(t, v)
	log.Replace(backup)
	watched(t, v)
	require.Eventually(t, func() bool { return v.Mismatch() != nil }, patience, poll)
}

// TestReach_knowsWhatOthersWrote: a log that was put back to where this process
// has first met it, and has grown again, is another one.
func TestReach_knowsWhatOthersWrote(t *testing.T) {
	t.Parallel()
	log := connectedTo(logOf(t, theLog, 5))
	backup := beginning(t, log, 6)
	v := eventstore.Verify(log)
	first := func(eventstore.Message) error { return errEnough }
	require.ErrorIs(t, v.Subscribe(t.Context(), eventstore.Start, nil, first), errEnough)
	for range 3 {
		happens(t, log)
		happens(t, backup)
	}
	require.ErrorIs(t, v.Subscribe(t.Context(), eventstore.Start, nil, first), errEnough)
	log.Replace(backup)
	watched(t, v)
	require.Eventually(t, func() bool { return v.Mismatch() != nil }, patience, poll)
}

// TestWait_reportsWhyTheLogIsAway: while one call asks, the others wait for it.
func TestWait_reportsWhyTheLogIsAway(t *testing.T) {
	t.Parallel()
	log := &interrupted{connected: connectedTo(logOf(t, theLog, 5))}
	v := eventstore.Verify(log)
	asking, release := make(chan struct{}), make(chan struct{})
	log.duringRead = func() error {
		return &eventstore.Unreached{Cause: eventstore.CauseRefused, Err: eventstore.ErrUnavailable}
	}
	_, err := v.Append(t.Context(), anAppend())
	require.Equal(t, eventstore.CauseRefused, eventstore.CauseOf(err))
	log.duringRead = func() error {
		close(asking)
		<-release
		log.duringRead = nil
		return nil
	}
	asked := make(chan error, 1)
	go func() { _, err := v.Append(context.Background(), anAppend()); asked <- err }()
	<-asking
	ctx, leave := context.WithCancel(t.Context())
	leave()
	_, err = v.ReadAll(ctx, eventstore.Forwards, eventstore.Start, 1)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, eventstore.CauseRefused, eventstore.CauseOf(err))
	close(release)
	require.NoError(t, <-asked)
	_, err = v.ReadAll(ctx, eventstore.Forwards, eventstore.Start, 1)
	require.Empty(t, eventstore.CauseOf(err), "it is reached again")
}

// counted is a log under which something happens at each call of a comparison.
type counted struct {
	*connected

	calls int
	at    func(call int)
}

func (c *counted) count() {
	c.calls++
	c.at(c.calls)
}

func (c *counted) ReadStream(ctx context.Context, stream string, direction eventstore.Direction, from uint64, limit int) ([]eventstore.RecordedEvent, error) {
	c.count()
	return c.connected.ReadStream(ctx, stream, direction, from, limit)
}

func (c *counted) End(ctx context.Context) (eventstore.Position, error) {
	c.count()
	return c.connected.End(ctx)
}

func (c *counted) ReadAll(ctx context.Context, direction eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error) {
	c.count()
	return c.connected.ReadAll(ctx, direction, from, limit)
}

// TestLog_thatIsAnotherForSomeCallsIsTheRightOneAgain: whichever calls of a comparison meet
// the other log, the right one is known again, and the other one never taken for it.
func TestLog_thatIsAnotherForSomeCallsIsTheRightOneAgain(t *testing.T) {
	t.Parallel()
	const calls = 24 // of several comparisons
	for leaves := 1; leaves < calls; leaves++ {
		for returns := leaves + 1; returns <= calls; returns++ {
			synctest.Test(t, func(t *testing.T) {
				log, right := &counted{connected: connectedTo(logOf(t, theLog, 2)), at: func(int) {}}, memory.New()
				v := eventstore.Verify(log)
				ctx, stop := context.WithCancel(t.Context())
				var running sync.WaitGroup
				running.Go(func() {
					_ = v.Subscribe(ctx, eventstore.Start, nil, func(eventstore.Message) error { return nil })
				})
				synctest.Wait()
				for range 3 { // seen by the subscription, and not compared yet
					happens(t, log)
				}
				synctest.Wait()
				right.Replace(log.Store)
				grown := beginning(t, log, 3)
				for range 3 {
					happens(t, grown)
				}
				log.calls, log.at = 0, func(call int) {
					switch call {
					case leaves:
						log.Replace(grown)
					case returns:
						log.Replace(right)
					}
				}
				running.Go(func() { _ = v.Watch(ctx, time.Second, slog.New(slog.DiscardHandler)) })
				time.Sleep(time.Minute) // of the bubble's own clock
				synctest.Wait()
				require.Greater(t, log.calls, calls)
				require.Nil(t, v.Mismatch(), "%d to %d", leaves, returns)
				stop()
				running.Wait()
			})
		}
	}
}
