package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
)

// One subscription keeps up with the appends of its own process, one begins
// when they are over, far behind what that still has in memory.
func TestSubscription_deliversOwnWritesOnceAndInOrder(t *testing.T) {
	t.Parallel()
	const appends, each = 120, 100
	store := open(t, migrated(t))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var seen []eventstore.RecordedEvent
	var following errgroup.Group
	following.Go(func() (err error) {
		seen, err = follow(ctx, store, eventstore.Start, appends*each)
		return err
	})
	for range appends {
		_, err := store.Append(ctx, eventstore.Append{Stream: newStream(body).Stream, Expected: eventstore.NoStream, Events: events(each)})
		require.NoError(t, err)
	}
	require.NoError(t, following.Wait())
	late, err := follow(ctx, store, eventstore.Start, appends*each)
	require.NoError(t, err)
	read, err := store.ReadAll(ctx, eventstore.Forwards, eventstore.Start, appends*each)
	require.NoError(t, err)
	require.Equal(t, read, seen)
	require.Equal(t, read, late)
}

// What others have written behind our own last event is part of the log too.
func TestSubscription_writesOfOthersComeBeforeTheEnd(t *testing.T) {
	t.Parallel()
	const theirs = 50
	dsn := migrated(t)
	store, other := open(t, dsn), open(t, dsn)
	_, err := store.Append(t.Context(), newStream(body))
	require.NoError(t, err)
	for range theirs {
		_, err := other.Append(t.Context(), newStream(body))
		require.NoError(t, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events := 0
	err = store.Subscribe(ctx, eventstore.Start, nil, func(message eventstore.Message) error {
		if message.Kind == eventstore.EventAppeared {
			events++
		}
		if message.Kind == eventstore.CaughtUp {
			cancel()
		}
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1+theirs, events)
}

// Two processes write in turns; a subscription of one follows without waiting
// for the next poll: each event must come before the next is written.
func TestSubscription_followsBothItsOwnProcessAndOthers(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	stores := []*postgres.Store{open(t, dsn), open(t, dsn)}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	seen := make(chan eventstore.RecordedEvent)
	var following errgroup.Group
	following.Go(func() error {
		return stores[0].Subscribe(ctx, eventstore.Start, nil, func(message eventstore.Message) error {
			if message.Kind == eventstore.EventAppeared {
				seen <- message.Event
			}
			return nil
		})
	})
	for i := range 60 {
		appended, err := stores[i%len(stores)].Append(ctx, newStream(body))
		require.NoError(t, err)
		require.Equal(t, appended.Position, (<-seen).Position)
	}
	cancel()
	require.ErrorIs(t, following.Wait(), context.Canceled)
}

// A log that comes back without its last commits, as one that was put back from
// a backup does, is followed as it is now.
func TestSubscription_doesNotDeliverWhatTheLogLost(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store, owner := open(t, dsn), connect(t, dsn, "")
	for range 5 {
		_, err := store.Append(t.Context(), newStream(body))
		require.NoError(t, err)
	}
	_, err := owner.Exec(t.Context(), `ALTER TABLE eventstore.events DISABLE TRIGGER append_only;
		DELETE FROM eventstore.events WHERE position > 3; ALTER TABLE eventstore.events ENABLE ALWAYS TRIGGER append_only`)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	caughtUp := make(chan struct{})
	var seen []eventstore.RecordedEvent
	var following errgroup.Group
	following.Go(func() error {
		return store.Subscribe(ctx, eventstore.Start, nil, func(message eventstore.Message) error {
			if message.Kind == eventstore.CaughtUp {
				close(caughtUp)
			}
			if message.Kind == eventstore.EventAppeared {
				seen = append(seen, message.Event)
			}
			if len(seen) == 4 {
				cancel()
			}
			return nil
		})
	})
	<-caughtUp
	_, err = owner.Exec(t.Context(), "SELECT pg_notify('eventstore', '1000')") // look again
	require.NoError(t, err)
	_, err = store.Append(t.Context(), newStream(body))
	require.NoError(t, err)
	require.ErrorIs(t, following.Wait(), context.Canceled)
	read, err := store.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 10)
	require.NoError(t, err)
	require.Equal(t, read, seen)
}
