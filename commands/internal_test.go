package commands

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

func TestQueue_letsOneThroughAtATime(t *testing.T) {
	q := newKeyedMutex()
	var inside, most atomic.Int32
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			if q.enter(t.Context(), "pair") != nil {
				return
			}
			defer q.leave("pair")
			most.Store(max(most.Load(), inside.Add(1)))
			inside.Add(-1)
		})
	}
	wait.Wait()
	require.EqualValues(t, 1, most.Load())
	require.Empty(t, q.waiters, "without waiters the mutex keeps nothing")
}

func TestQueue_aCancelledWaiterLeavesTheLine(t *testing.T) {
	q := newKeyedMutex()
	require.NoError(t, q.enter(t.Context(), "pair"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, q.enter(ctx, "pair"), context.Canceled)
	q.leave("pair")
	require.NoError(t, q.enter(t.Context(), "pair"))
	q.leave("pair")
	require.Empty(t, q.waiters)
}

const (
	wellOver = 10 * time.Second
	brief    = time.Millisecond
)

// counted is a log that counts its reads and lets them wait.
type counted struct {
	*memory.Store
	reads atomic.Int32
	gate  chan struct{}
}

func (c *counted) ReadAll(ctx context.Context, d eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error) {
	c.reads.Add(1)
	if c.gate != nil {
		<-c.gate
	}
	return c.Store.ReadAll(ctx, d, from, limit)
}

func put(t *testing.T, log eventstore.Store, stream string) eventstore.Position {
	t.Helper()
	a, err := log.Append(t.Context(), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: []eventstore.Event{
		{ID: uuid.New(), Type: "test", Data: []byte(`{}`), Metadata: []byte(`{}`)},
	}})
	require.NoError(t, err)
	return a.Position
}

func TestHead_isTheLastEventOfOursAmongThoseOfOthers(t *testing.T) {
	log := &counted{Store: memory.New()}
	h := newHeadReader(log)
	position, err := h.read(t.Context())
	require.NoError(t, err)
	require.Equal(t, eventstore.Start, position)

	put(t, log, "other-0")
	ours := put(t, log, domain.StreamPrefix+"A0135GA_A9109UD")
	for range 600 {
		put(t, log, "other-"+uuid.NewString())
	}
	position, err = h.read(t.Context())
	require.NoError(t, err)
	require.Equal(t, ours, position)

	before := log.reads.Load()
	put(t, log, "other-1")
	position, err = h.read(t.Context())
	require.NoError(t, err)
	require.Equal(t, ours, position)
	require.LessOrEqual(t, log.reads.Load(), before+2, "it stops where the previous read began")

	for _, stream := range []string{"prisoner-A0135GA", "switchOver"} { // no facts of pairs, and ours all the same
		ours = put(t, log, stream)
		put(t, log, "other-"+stream)
		position, err = h.read(t.Context())
		require.NoError(t, err)
		require.Equal(t, ours, position, stream)
	}
}

func TestHead_thoseWhoComeWhileItReadsShareTheNextRead(t *testing.T) {
	log := &counted{Store: memory.New(), gate: make(chan struct{})}
	h := newHeadReader(log)
	first := make(chan error, 1)
	go func() { _, err := h.read(context.Background()); first <- err }()
	require.Eventually(t, func() bool { return log.reads.Load() == 1 }, wellOver, brief)

	ours := put(t, log, domain.StreamPrefix+"A0135GA_A9109UD")
	var wait sync.WaitGroup
	var right atomic.Int32
	for range 20 {
		wait.Go(func() {
			if position, err := h.read(context.Background()); err == nil && position == ours {
				right.Add(1)
			}
		})
	}
	require.Eventually(t, func() bool { return h.shared.Waiting() == 20 }, wellOver, brief)
	close(log.gate)
	wait.Wait()
	require.NoError(t, <-first)
	require.EqualValues(t, 20, right.Load())
	require.EqualValues(t, 2, log.reads.Load())
}

// failing is a log whose reads of a whole page fail.
type failing struct {
	*memory.Store
	fails bool
}

func (f *failing) ReadAll(ctx context.Context, d eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error) {
	if f.fails && from != eventstore.End {
		return nil, eventstore.ErrUnavailable
	}
	return f.Store.ReadAll(ctx, d, from, limit)
}

func TestHead_aSearchThatFailedIsNotRemembered(t *testing.T) {
	for _, prefix := range domain.StreamPrefixes() {
		log := &failing{Store: memory.New()}
		h := newHeadReader(log)
		ours := put(t, log, prefix+"A0135GA")
		put(t, log, "other-1")
		log.fails = true
		_, err := h.read(t.Context())
		require.ErrorIs(t, err, eventstore.ErrUnavailable)
		log.fails = false
		position, err := h.read(t.Context())
		require.NoError(t, err)
		require.Equal(t, ours, position)
	}
}
