package lease_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/testdb"
	"nonassociations/internal/pg/lease"
)

// whenSaid calls back with every line of a log.
type whenSaid func()

func (w whenSaid) Write(line []byte) (int, error) {
	w()
	return len(line), nil
}

func TestWith_oneAtATime(t *testing.T) {
	dsn := testdb.New(t)
	silent := slog.New(slog.DiscardHandler)
	inside, leave, ended := make(chan struct{}), make(chan struct{}), make(chan error, 2)
	var over atomic.Bool
	go func() {
		ended <- lease.With(context.Background(), dsn, "turn", silent, func(context.Context) {
			close(inside)
			<-leave
			over.Store(true)
		})
	}()
	<-inside
	require.NoError(t, lease.With(t.Context(), dsn, "another", silent, func(context.Context) {}))

	given, giveUp := context.WithCancel(t.Context())
	waiting := slog.New(slog.NewTextHandler(whenSaid(giveUp), nil))
	err := lease.With(given, dsn, "turn", waiting, func(context.Context) { t.Error("it is not its turn") })
	require.ErrorIs(t, err, context.Canceled, "who waits says so, and may give up")

	go func() {
		ended <- lease.With(context.Background(), dsn, "turn", silent, func(context.Context) {
			if !over.Load() {
				t.Error("the first has not ended")
			}
		})
	}()
	close(leave)
	require.NoError(t, <-ended)
	require.NoError(t, <-ended)
}

// The next holder asks at once, and need not wait until Postgres notices that the last one
// has ended.
func TestClose_freesTheLeaseBeforeItReturns(t *testing.T) {
	dsn := testdb.New(t)
	const name = "one after the other"
	next, err := lease.Connect(t.Context(), dsn, name)
	require.NoError(t, err)
	t.Cleanup(func() { lease.Close(next) })
	for range 50 {
		conn, err := lease.Connect(t.Context(), dsn, name)
		require.NoError(t, err)
		require.NoError(t, lease.Acquire(t.Context(), conn, name, slog.New(slog.DiscardHandler), func() {}))
		lease.Close(conn)
		held, err := lease.Held(t.Context(), next, name)
		require.NoError(t, err)
		require.False(t, held)
	}
}
