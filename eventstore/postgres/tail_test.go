package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"nonassociations/eventstore"
)

// One subscription keeps up with the appends of its own process, one begins
// when they are over, far behind what that still has in memory.
func TestWhatAProcessHasWrittenItselfIsDeliveredOnceAndInOrder(t *testing.T) {
	t.Parallel()
	const appends, each = 120, 100
	store := open(t, migrated(t))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var seen []eventstore.Recorded
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
