package audit_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
	"nonassociations/web/shape"
)

// refused asks for a feed that must not begin.
func refused(t *testing.T, r *audit.Reader, from uint64, follow bool) error {
	t.Helper()
	unwanted := func() error { return errors.New("the feed has begun") }
	return r.Feed(t.Context(), audit.Feed{
		From: from, Follow: follow, CaughtUp: unwanted,
		Begin: func(uint64) error { return unwanted() },
		Line:  func(audit.Entry) error { return unwanted() },
	})
}

func TestFeed_fromBeyondTheEndIsRefused(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		for _, follow := range []bool{false, true} {
			require.ErrorIs(t, refused(t, b.reader().Reader, 1, follow), audit.ErrBeyondEnd, "the log is empty")
		}
		b.quarrels(1)
		last := b.end()
		for _, from := range []uint64{last + 1, last + 1000, 1<<63 - 1} {
			for _, follow := range []bool{false, true} {
				require.ErrorIs(t, refused(t, b.reader().Reader, from, follow), audit.ErrBeyondEnd, from)
			}
		}
		require.Empty(t, told(t, b.reader().Reader, last))
		b.opens(domaintest.PairOf(bob, "D4444DD"))
		require.Empty(t, told(t, b.reader().Reader, last+1), "the end is read for each call")
	})
}

// end is where the log ends.
func (b *testLog) end() uint64 {
	b.t.Helper()
	end, err := b.store.End(b.t.Context())
	require.NoError(b.t, err)
	return end.Uint64()
}

// An event of others, of the store itself, or a place that a subscription named
// may be what a caller holds: X-Position of a list that no fact of ours is behind.
func TestPlaces_ofOthersAreNeverBeyondTheEnd(t *testing.T) {
	b := newTestLog(t, memory.New())
	b.quarrels(1) // 6 facts
	log := bytewise{b.store}
	for range 3 {
		foreign(t, b.store)
	}
	r := audit.New(hiding{log, 7}, audit.Options{London: london})
	for from := uint64(6 * wide); from < 10*wide; from += wide / 4 {
		require.Empty(t, told(t, r, from), from)
	}
	require.ErrorIs(t, refused(t, r, 10*wide, true), audit.ErrBeyondEnd)

	pair := domaintest.PairOf(bob, "D4444DD") // behind the place that was named
	told, stop := make(chan shape.FeedLine, 1), errors.New("enough")
	require.ErrorIs(t, r.Feed(t.Context(), audit.Feed{
		From: 10*wide - 1, Follow: true,
		CaughtUp: func() error { b.opens(pair); return nil },
		Line:     func(e audit.Entry) error { told <- lineOf(e); return stop },
	}), stop)
	require.EqualValues(t, 10*wide, *(<-told).Position)
}

func foreign(t *testing.T, log eventstore.Store) {
	t.Helper()
	stream := "$stats-" + t.Name()
	last, err := log.ReadStream(t.Context(), stream, eventstore.Backwards, eventstore.FromEnd, 1)
	expected := eventstore.NoStream
	if err == nil {
		expected = eventstore.Exactly(last[0].Revision)
	}
	_, err = log.Append(t.Context(), eventstore.Append{
		Stream: stream, Expected: expected, Events: []eventstore.Event{{Type: "$stats", Data: []byte("{}"), Metadata: []byte("{}")}},
	})
	require.NoError(t, err)
}

// hiding leaves the store's own events, those from a place on, out of what is
// read of the whole log, as the client of EventStoreDB does.
type hiding struct {
	eventstore.Store

	from uint64
}

func (h hiding) ReadAll(ctx context.Context, way eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error) {
	behind := eventstore.Position{Commit: h.from * wide, Prepare: h.from * wide}
	if way == eventstore.Backwards && behind.Before(from) {
		from = behind
	}
	return h.Store.ReadAll(ctx, way, from, limit)
}

func TestLog_thatGoesAwayWhileTheEndIsAskedIsNoRefusal(t *testing.T) {
	b := newTestLog(t, memory.New())
	b.quarrels(1)
	r := audit.New(endless{b.store}, audit.Options{London: london})
	require.ErrorIs(t, refused(t, r, 1000, true), audit.ErrUnavailable)
}

// endless is a log whose end cannot be read.
type endless struct{ eventstore.Store }

func (endless) End(context.Context) (eventstore.Position, error) {
	return eventstore.Start, eventstore.ErrUnavailable
}
