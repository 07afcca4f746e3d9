package esdb

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGate_letsOneTryAtATime(t *testing.T) {
	g, open := newCircuitBreaker(slog.New(slog.DiscardHandler)), make(chan struct{})
	trying, err := g.enter(t.Context(), open)
	require.NoError(t, err)
	require.False(t, trying)

	g.leave(false, unavailable)
	trying, err = g.enter(within(t, waitTime), open) // after the first pause
	require.NoError(t, err)
	require.True(t, trying)
	_, moved, mine := g.look()
	require.False(t, mine, "another waits")

	g.leave(true, unknown) // the caller of the try left
	<-moved
	_, _, mine = g.look()
	require.True(t, mine, "the next one tries at once")
	pauseBefore := g.pause
	g.leave(true, unavailable)
	require.Equal(t, 2*pauseBefore, g.pause)
	g.leave(false, unavailable) // begun before it was known
	require.Equal(t, 2*pauseBefore, g.pause)

	g.leave(false, answered)
	trying, err = g.enter(t.Context(), open)
	require.NoError(t, err)
	require.False(t, trying)
}

func TestGate_isLeftWhenTheStoreCloses(t *testing.T) {
	g, closing := newCircuitBreaker(slog.New(slog.DiscardHandler)), make(chan struct{})
	g.leave(false, unavailable)
	_, err := g.enter(t.Context(), closing)
	require.NoError(t, err)
	close(closing)
	_, err = g.enter(t.Context(), closing)
	require.ErrorIs(t, err, errClosed)
}
