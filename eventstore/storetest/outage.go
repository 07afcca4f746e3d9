package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// outageTests are the rules of outages and restarts. They run last, because they
// replace the store. Setup.Outage and Setup.Restart decide which of them a store has.
func (s *suite) outageTests() map[string]func(t *testing.T) {
	tests := map[string]func(t *testing.T){}
	if s.Outage != nil {
		tests["an outage: every call reports it in time"] = s.duringOutage
		tests["an outage among appends: each event once"] = s.outageAmongAppends
		tests["a broken subscription reports it and can continue"] = s.brokenSubscription
	}
	if s.Restart != nil {
		tests["a restart keeps all events"] = s.restarted
	}
	return tests
}

// unknown reports whether an error leaves the outcome open. During an outage any other
// error, such as a conflict or a missing stream, would claim to know the log.
func unknown(err error) bool {
	return errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
}

// duringOutage calls every method during an outage. Each must return when its context
// ends, with an error that leaves the outcome open: ErrUnavailable or the deadline.
func (s *suite) duringOutage(t *testing.T) {
	restore := s.Outage(t, s.store)
	for name, call := range s.calls(s.store) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
			defer cancel()
			err := inTime(t, func() error { return call(ctx) })
			require.True(t, unknown(err), "%v", err)
		})
	}
	restore()
	s.requireBack(t)
}

// requireBack waits until the store works again, without being opened anew: a store has
// to reconnect by itself.
func (s *suite) requireBack(t testing.TB) {
	t.Helper()
	same := eventstore.Append{Stream: s.stream(), Expected: eventstore.NoStream, Events: events(1)}
	require.NoError(t, s.untilDone(within(t), same))
	s.requireLength(t, same.Stream, 1)
}

// untilDone sends the same append until its outcome is known. It is the retry of the
// port's contract: safe, because a repeat is recognised. A try takes two seconds at
// most, since a request in a dead connection may never be answered.
func (s *suite) untilDone(ctx context.Context, same eventstore.Append) error {
	for {
		try, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := s.store.Append(try, same)
		cancel()
		if err == nil || !unknown(err) || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond): // the error may come at once
		case <-ctx.Done():
		}
	}
}

// outageAmongAppends breaks the server while writers repeat their appends. Each event
// must be stored once, whatever answers were lost. This is exactly-once by retry and
// recognition.
func (s *suite) outageAmongAppends(t *testing.T) {
	const writers, each = 4, 60
	ctx := within(t)
	prefix, before := s.prefix(), s.mark(t)
	names := []string{"a", "b", "c", "d"}[:writers]
	acknowledged := make(chan struct{}, writers*each)
	done := make(chan error, writers)
	for _, name := range names {
		go func() {
			for i := range each {
				same := eventstore.Append{Stream: prefix + name, Expected: eventstore.Expected(i - 1), Events: events(1)}
				if err := s.untilDone(ctx, same); err != nil {
					done <- err
					return
				}
				acknowledged <- struct{}{}
			}
			done <- nil
		}()
	}
	// A quarter of the appends is acknowledged before the outage, so that it meets the
	// writers in the middle of their work.
	for range each {
		<-acknowledged
	}
	restore := s.Outage(t, s.store)
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	_, err := s.store.ReadStream(short, prefix+"a", eventstore.Forwards, 0, 10)
	require.True(t, unknown(err), "%v", err)
	restore()
	for range names {
		require.NoError(t, <-done)
	}

	s.requireBack(t)
	requireWhole(t, appeared(s.listen(t, before, prefix).untilCaughtUp(t)), writers, each)
	for _, name := range names {
		s.requireLength(t, prefix+name, each)
	}
}

// brokenSubscription breaks a live subscription. It ends with ErrUnavailable, and a new
// one from the last position misses nothing. A subscription never reconnects by itself:
// only its reader knows from where.
func (s *suite) brokenSubscription(t *testing.T) {
	prefix, before := s.prefix(), s.mark(t)
	l := s.listen(t, before, prefix)
	l.untilCaughtUp(t)
	written := s.write(t, prefix+"a", eventstore.NoStream, 2)
	last := l.events(t, 2)[1].Position

	restore := s.Outage(t, s.store)
	require.ErrorIs(t, l.over(t), eventstore.ErrUnavailable)
	restore()
	s.requireBack(t)

	more := s.write(t, prefix+"a", eventstore.Exactly(1), 2)
	require.Equal(t, ids(more), ids(appeared(s.listen(t, last, prefix).untilCaughtUp(t))))
	require.Equal(t, ids(append(written, more...)), ids(appeared(s.listen(t, before, prefix).untilCaughtUp(t))))
}

// restarted opens the log again. Events, positions and the recognition of repeats must
// survive. Recognition must come from the stored ids and not from the memory of a
// process.
func (s *suite) restarted(t *testing.T) {
	prefix, before := s.prefix(), s.mark(t)
	same := eventstore.Append{Stream: prefix + "a", Expected: eventstore.NoStream, Events: events(3)}
	first, err := s.store.Append(within(t), same)
	require.NoError(t, err)
	l := s.listen(t, before, prefix)
	seen := l.events(t, 2)
	require.ErrorIs(t, l.end(t), errCanceled)
	recorded := s.read(t, same.Stream)

	s.store = s.Restart(s.root, s.store)
	require.Equal(t, recorded, s.read(t, same.Stream))
	again, err := s.store.Append(within(t), same)
	require.NoError(t, err)
	require.Equal(t, first, again)
	rest := appeared(s.listen(t, seen[1].Position, prefix).untilCaughtUp(t))
	require.Equal(t, ids(recorded[2:]), ids(rest))
}
