package postgres_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/testdb"
)

// A plan is kept by its session after five executions, so each statement is
// run often while the log is so small that reading all of it would be cheapest.
func TestStatements_neverReadTheWholeLog(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	before := testdb.Scans(t, dsn, "eventstore.events")
	store, err := postgres.Open(t.Context(), dsn, postgres.Options{})
	require.NoError(t, err)
	_, err = store.Append(t.Context(), newStream(body))
	require.NoError(t, err)
	analyse(t, dsn)
	for range 12 {
		one := newStream(body)
		appended, err := store.Append(t.Context(), one)
		require.NoError(t, err)
		require.NoError(t, store.ReadMany(t.Context(), []string{one.Stream})[0].Err)
		for _, direction := range []eventstore.Direction{eventstore.Forwards, eventstore.Backwards} {
			_, err = store.ReadStream(t.Context(), one.Stream, direction, 0, 10)
			require.NoError(t, err)
			_, err = store.ReadAll(t.Context(), direction, appended.Position, 10)
			require.NoError(t, err)
		}
		ctx, seen := context.WithCancel(t.Context())
		err = store.Subscribe(ctx, eventstore.Start, nil, func(eventstore.Message) error { seen(); return nil })
		require.ErrorIs(t, err, context.Canceled)
	}
	require.NoError(t, store.Close(t.Context()))
	require.Equal(t, before, testdb.Scans(t, dsn, "eventstore.events"))
}

// analyse lets the planner know how small the log is.
func analyse(t *testing.T, dsn string) {
	t.Helper()
	conn := connect(t, dsn, "")
	_, err := conn.Exec(t.Context(), "ANALYZE eventstore.events")
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}
