package eventstore_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// bytewise is a log that counts in bytes: an event lies at 100, 200 and so on,
// and a subscription that has caught up names the place where the next may
// begin, as EventStoreDB does.
type bytewise struct {
	eventstore.Store

	ends, subscriptions atomic.Int64
	held                chan struct{} // what a read of the end found waits for it when set
	err                 error
}

const width = 100

func (b *bytewise) End(ctx context.Context) (eventstore.Position, error) {
	end, err := b.Store.End(ctx)
	if b.ends.Add(1); b.held != nil {
		select {
		case <-b.held:
		case <-ctx.Done():
			return eventstore.Start, ctx.Err()
		}
	}
	return eventstore.Position{Commit: end.Commit * width, Prepare: end.Prepare * width}, err
}

func (b *bytewise) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	b.subscriptions.Add(1)
	if b.err != nil {
		return b.err
	}
	inside := eventstore.Position{Commit: from.Commit / width, Prepare: from.Prepare / width}
	return b.Store.Subscribe(ctx, inside, prefixes, func(m eventstore.Message) error {
		m.Position = eventstore.Position{Commit: m.Position.Commit * width, Prepare: m.Position.Prepare * width}
		return deliver(m)
	})
}

func TestLog_reachesEveryPlaceThatItNamed(t *testing.T) {
	log := &bytewise{Store: memory.New()}
	reach := eventstore.NewReach(log)
	for events := range uint64(3) {
		next := (events + 1) * width // where the next event may begin
		for position, wanted := range map[uint64]bool{
			0: true, events * width: true, events*width + 1: true, next - 1: true, next: false, next + 1: false, 1<<63 - 1: false,
		} {
			has, err := reach.Has(t.Context(), position)
			require.NoError(t, err)
			require.Equal(t, wanted, has, "%d of %d events", position, events)
		}
		add(t, log, string(rune('a'+events)))
	}
}

func TestReach_readsNoMoreThanNeeded(t *testing.T) {
	log := &bytewise{Store: memory.New()}
	add(t, log, "a")
	reach := eventstore.NewReach(log)
	for position, reads := range map[uint64][2]int64{0: {0, 0}, width: {1, 0}, 5 * width: {2, 1}} {
		log.ends.Store(0)
		log.subscriptions.Store(0)
		_, err := reach.Has(t.Context(), position)
		require.NoError(t, err)
		require.Equal(t, reads[0], log.ends.Load(), position)
		require.Equal(t, reads[1], log.subscriptions.Load(), position)
	}
}

func TestLog_thatIsAwayReachesNothing(t *testing.T) {
	log := &bytewise{Store: memory.New(), err: eventstore.ErrUnavailable}
	_, err := eventstore.NewReach(log).Has(t.Context(), 7)
	require.ErrorIs(t, err, eventstore.ErrUnavailable, "the subscription breaks")
	require.NoError(t, log.Close(t.Context()))
	_, err = eventstore.NewReach(log).Has(t.Context(), 7)
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
}

// Those that ask while a read is under way share the next one, which sees what
// was written before they asked; one that leaves takes nothing from the others.
func TestShared_callsShareReadsThatBeganAfterThem(t *testing.T) {
	const callers = 100
	log := &bytewise{Store: memory.New(), held: make(chan struct{})}
	add(t, log, "a")
	reach := eventstore.NewReach(log)
	answers, all, asked := make(chan bool, callers), sync.WaitGroup{}, atomic.Int64{}
	ask := func(position uint64) {
		all.Go(func() {
			asked.Add(1)
			has, err := reach.Has(t.Context(), position)
			answers <- has && err == nil
		})
	}
	ask(width) // its read is held
	require.Eventually(t, func() bool { return log.ends.Load() == 1 }, 10*time.Second, time.Millisecond)
	gone, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := reach.Has(gone, 2*width)
		left <- err
	}()
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	add(t, log, "b") // acknowledged before the others ask
	for range callers - 1 {
		ask(2 * width)
	}
	require.Eventually(t, func() bool { return asked.Load() == callers }, 10*time.Second, time.Millisecond)
	close(log.held)
	all.Wait()
	for range callers {
		require.True(t, <-answers)
	}
	require.Less(t, log.ends.Load(), int64(callers/2), "reads are shared")
}
