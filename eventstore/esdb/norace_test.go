//go:build !race

// Tests that end appends at the moment a server refuses them. The race detector would
// report defect L, a data race inside of the client, now and then.

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
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

// F: each Unavailable costs the client a connection; few are let through.
func TestF_fewConnectionsAreLostToAServerThatIsNotReady(t *testing.T) {
	const workers, each = 10, 30
	var ready atomic.Bool
	var connections atomic.Int64
	server := newServerFixture(t, memory.New(), esdbserver.Options{NoBatchAppend: true, Before: func(_ context.Context, method string) error {
		if method == "Features" { // asked once on every connection
			connections.Add(1)
			return nil
		}
		if !ready.Load() {
			return status.Error(codes.Unavailable, "Server Is Not Ready")
		}
		return nil
	}})
	store := server.open(t, Options{})
	var refused, all sync.WaitGroup
	for range workers {
		refused.Add(1)
		all.Go(func() {
			for refusals := 0; ; {
				_, err := store.Append(within(t, 30*time.Millisecond), opening("a"))
				if err == nil || errors.Is(err, eventstore.ErrConflict) {
					return
				}
				if refusals++; refusals == each {
					refused.Done()
				}
			}
		})
	}
	refused.Wait()
	lost := connections.Load()
	ready.Store(true)
	all.Wait()
	// At most one a worker before the first refusal is known, then rarely one.
	require.Less(t, lost, int64(2*workers), "each of %d refusals would cost one", workers*each)
}

// Leaders die and resign under load: what was acknowledged is there once, and
// no user is refused for long after a change.
func TestWrite_noneIsLostOrDoubledWhenLeadersChange(t *testing.T) {
	bothWays(t, noneIsLostWhenLeadersChange)
}

func noneIsLostWhenLeadersChange(t *testing.T, alone bool) {
	const writers, each, changes = 8, 150, 4
	c := newCluster(t, 3, alone)
	store := c.open(t)
	ctx := within(t, waitTime)
	written := make(chan struct{}, writers*each)
	fail := make(chan error, writers)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				if err := insist(ctx, store, following(fmt.Sprintf("w-%d", w), eventstore.Expected(i-1))); err != nil {
					fail <- err
					return
				}
				written <- struct{}{}
			}
		})
	}
	for change := range changes {
		for range writers * each / (changes + 1) {
			<-written
		}
		was := int(c.leader.Load())
		if change%2 == 0 {
			c.kill(t, was)
		}
		c.leader.Store(int64((was + 1) % 3))
		if change%2 == 0 {
			c.start(t, was)
		}
	}
	all.Wait()
	require.Empty(t, fail)
	for w := range writers {
		events, err := store.ReadStream(ctx, fmt.Sprintf("w-%d", w), eventstore.Forwards, 0, 2*each)
		require.NoError(t, err)
		require.Len(t, events, each)
	}
}

// insist sends the same append until its outcome is known.
func insist(ctx context.Context, store eventstore.Store, same eventstore.Append) error {
	for {
		try, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := store.Append(try, same)
		cancel()
		if !errors.Is(err, eventstore.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return err
		}
	}
}
