package esdb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

// The server goes away for seconds while fifty workers go on calling.
func TestCall_returnsInTimeAndWorksAgainAfterAnOutage(t *testing.T) {
	const (
		workers = 50
		refused = 6 // calls that each worker sees refused before the server is back
		limit   = 300 * time.Millisecond
		slack   = 3 * time.Second // the machine's, not ours
	)
	server := newServerFixture(t, memory.New(), esdbserver.Options{})
	store := server.open(t, Options{})
	mustAppend(t, store, opening("before"))
	server.kill(t)

	var down, done sync.WaitGroup
	var slowest atomic.Int64
	fail := make(chan error, workers)
	for w := range workers {
		down.Add(1)
		done.Go(func() {
			same := opening(fmt.Sprintf("worker-%d", w))
			for failures := 0; ; {
				err := oneTry(t.Context(), store, same, limit, &slowest)
				if err == nil {
					return
				}
				if !errors.Is(err, eventstore.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
					fail <- err
				}
				if failures++; failures == refused {
					down.Done()
				}
			}
		})
	}
	down.Wait()
	server.start(t)
	done.Wait()

	require.Empty(t, fail)
	require.Less(t, time.Duration(slowest.Load()), limit+slack)
	for w := range workers {
		events, err := store.ReadStream(within(t, waitTime), fmt.Sprintf("worker-%d", w), eventstore.Forwards, 0, 10)
		require.NoError(t, err)
		require.Len(t, events, 1)
	}
}

func oneTry(ctx context.Context, store *Store, same eventstore.Append, limit time.Duration, slowest *atomic.Int64) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	begun := time.Now()
	_, err := store.Append(ctx, same)
	if took := int64(time.Since(begun)); took > slowest.Load() {
		slowest.Store(took)
	}
	return err
}

// The server dies when it has written and not answered; the store asks the same
// append again by itself, and so may its caller.
func TestAppend_repeatedAfterALostAnswerIsOneEvent(t *testing.T) {
	log := memory.New()
	var server *serverFixture
	lost := make(chan struct{}, 1)
	lost <- struct{}{}
	server = newServerFixture(t, log, esdbserver.Options{Written: func(ctx context.Context) error {
		select {
		case <-lost:
			server.server.Drop()
			<-ctx.Done()
			return ctx.Err()
		default:
			return nil
		}
	}})
	store := server.open(t, Options{})

	same := opening("cut")
	first := mustAppend(t, store, same)
	require.Empty(t, lost, "the first answer was lost")
	again := mustAppend(t, store, same)
	require.Equal(t, first, again)
	require.Equal(t, uint64(0), again.Revision)

	events, err := store.ReadStream(within(t, waitTime), "cut", eventstore.Forwards, 0, 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, events[0].Position, again.Position)
}

// A follower that subscribes again from what it worked on last sees everything
// once, over two outages.
func TestSubscription_acrossOutagesHasNoGapAndNoDuplicate(t *testing.T) {
	const events, each = 90, 30
	server := newServerFixture(t, memory.New(), esdbserver.Options{})
	store := server.open(t, Options{})
	ctx := within(t, waitTime)

	seen := make(chan eventstore.RecordedEvent, events)
	stop := errors.New("seen all")
	ended := make(chan error, 1)
	go func() {
		var last eventstore.Position
		got := 0
		for {
			err := store.Subscribe(ctx, last, []string{"s-"}, func(m eventstore.Message) error {
				if m.Kind == eventstore.CaughtUp {
					return nil
				}
				last = m.Position
				if m.Kind != eventstore.EventAppeared {
					return nil
				}
				seen <- m.Event
				if got++; got == events {
					return stop
				}
				return nil
			})
			if !errors.Is(err, eventstore.ErrUnavailable) {
				ended <- err
				return
			}
		}
	}()

	for i := range events {
		same := following("s-1", eventstore.Expected(i-1))
		for _, err := store.Append(ctx, same); err != nil; _, err = store.Append(ctx, same) {
			require.ErrorIs(t, err, eventstore.ErrUnavailable)
		}
		if i%each == each/2 && i > each {
			server.kill(t)
			server.start(t)
		}
	}
	require.ErrorIs(t, <-ended, stop)
	for i := range events {
		require.Equal(t, uint64(i), (<-seen).Revision)
	}
	require.Empty(t, seen)
}
