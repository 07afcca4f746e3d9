package storetest

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"nonassociations/eventstore"
)

// concurrencyTests are the rules of concurrent writers and readers. The failures that
// they look for are of the log: lost updates and gaps.
func (s *suite) concurrencyTests() map[string]func(t *testing.T) {
	return map[string]func(t *testing.T){
		"50 racing appends to a new stream: one wins":     s.race,
		"a race of the same append: one event":            s.sameRace,
		"16 writers: no event missed, each seen once":     s.sixteenWriters,
		"writers on one stream: every conflict is honest": s.hotStream,
	}
}

// race appends to one new stream concurrently. Exactly one append wins, and every other
// one is a conflict. Fifty is more than a connection pool holds, so appends also queue
// inside of the store.
func (s *suite) race(t *testing.T) {
	const racers = 50
	stream, ctx := s.stream(), within(t)
	errs := make([]error, racers)
	var group errgroup.Group
	for i := range racers {
		group.Go(func() error {
			_, errs[i] = s.store.Append(ctx, eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: events(1)})
			return nil
		})
	}
	require.NoError(t, group.Wait())
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, eventstore.ErrConflict)
	}
	require.Equal(t, 1, won)
	s.requireLength(t, stream, 1)
}

// sameRace sends one append concurrently, as a client does that repeats it before the
// first answer. All calls must return the same result. A conflict among them would make
// the caller reload its own events as those of another.
func (s *suite) sameRace(t *testing.T) {
	ctx := within(t)
	same := eventstore.Append{Stream: s.stream(), Expected: eventstore.NoStream, Events: events(2)}
	answers := make([]eventstore.Appended, 20)
	var group errgroup.Group
	for i := range answers {
		group.Go(func() (err error) {
			answers[i], err = s.store.Append(ctx, same)
			return err
		})
	}
	require.NoError(t, group.Wait())
	for _, answer := range answers {
		require.Equal(t, answers[0], answer)
	}
	s.requireLength(t, same.Stream, 2)
}

// sixteenWriters runs a paging reader and a subscriber while 16 writers append. Both
// must see every event once and in one order. A position that becomes visible after a
// later one was read would be lost for ever. This is the failure of a sequence in
// Postgres, whose values commit in any order.
func (s *suite) sixteenWriters(t *testing.T) {
	const writers, each = 16, 40
	prefix, before, ctx := s.prefix(), s.mark(t), within(t)
	l := s.listen(t, before, prefix)

	var group errgroup.Group
	for w := range writers {
		group.Go(func() error { return s.writeChain(ctx, prefix+strconv.Itoa(w), each) })
	}
	paged := make(chan []eventstore.RecordedEvent, 1)
	go func() { paged <- s.pageUntil(ctx, before, prefix, writers*each) }()

	// The subscription and the pages are compared with each other: there is no order to
	// expect between streams, but both must have the same one.
	live := l.events(t, writers*each)
	require.NoError(t, group.Wait())
	require.ErrorIs(t, l.end(t), errCanceled)
	requireRising(t, live)
	requireWhole(t, live, writers, each)
	require.Equal(t, ids(live), ids(<-paged), "both readers see one order")
}

// writeChain appends one or two events at a time, each time after the last. No other
// writer uses the stream, so any error is a fault and is returned.
func (s *suite) writeChain(ctx context.Context, stream string, n int) error {
	for done := 0; done < n; {
		step := min(1+done%2, n-done)
		_, err := s.store.Append(ctx, eventstore.Append{Stream: stream, Expected: eventstore.Expected(done - 1), Events: events(step)})
		if err != nil {
			return err
		}
		done += step
	}
	return nil
}

// pageUntil reads the log forwards in pages until it has n events with a prefix. It
// returns what it has when ctx ends, and nil on an error: the caller compares the ids.
// The event at from was read before, since a forwards read is inclusive.
func (s *suite) pageUntil(ctx context.Context, from eventstore.Position, prefix string, n int) []eventstore.RecordedEvent {
	var mine []eventstore.RecordedEvent
	for len(mine) < n && ctx.Err() == nil {
		page, err := s.store.ReadAll(ctx, eventstore.Forwards, from, 100)
		if err != nil {
			return nil
		}
		for _, event := range page {
			if event.Position != from && strings.HasPrefix(event.Stream, prefix) {
				mine = append(mine, event)
			}
		}
		if len(page) > 0 {
			from = page[len(page)-1].Position
		}
	}
	return mine
}

// requireWhole demands that there are streams × each events, each once. Within a stream
// they are in its order, without a gap.
func requireWhole(t testing.TB, recorded []eventstore.RecordedEvent, streams, each int) {
	t.Helper()
	next, seen := map[string]uint64{}, map[uuid.UUID]bool{}
	for _, event := range recorded {
		require.Equal(t, next[event.Stream], event.Revision, event.Stream)
		require.False(t, seen[event.ID])
		next[event.Stream]++
		seen[event.ID] = true
	}
	require.Len(t, next, streams)
	require.Len(t, seen, streams*each)
}

// hotStream lets several writers append to one stream, each with a retry after a
// conflict. All events must be stored once. A false conflict would only cost time; a
// missing one loses an update.
func (s *suite) hotStream(t *testing.T) {
	const writers, each = 8, 5
	stream, ctx := s.stream(), within(t)
	s.write(t, stream, eventstore.NoStream, 1)
	var group errgroup.Group
	for range writers {
		group.Go(func() error {
			for range each {
				if err := s.appendWithRetry(ctx, stream, events(1)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	recorded := s.read(t, stream)
	requireWhole(t, recorded, 1, 1+writers*each)
}
