package esdb

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheGateLetsOneTryAtATime(t *testing.T) {
	g, open := newGate(slog.New(slog.DiscardHandler)), make(chan struct{})
	trying, err := g.enter(t.Context(), open)
	require.NoError(t, err)
	require.False(t, trying)

	g.leave(false, away)
	trying, err = g.enter(within(t, patience), open) // after the first pause
	require.NoError(t, err)
	require.True(t, trying)
	_, moved, mine := g.look()
	require.False(t, mine, "another waits")

	g.leave(true, untold) // the caller of the try left
	<-moved
	_, _, mine = g.look()
	require.True(t, mine, "the next one tries at once")
	pauseBefore := g.pause
	g.leave(true, away)
	require.Equal(t, 2*pauseBefore, g.pause)
	g.leave(false, away) // begun before it was known
	require.Equal(t, 2*pauseBefore, g.pause)

	g.leave(false, answered)
	trying, err = g.enter(t.Context(), open)
	require.NoError(t, err)
	require.False(t, trying)
}

func TestTheGateIsLeftWhenTheStoreCloses(t *testing.T) {
	g, closing := newGate(slog.New(slog.DiscardHandler)), make(chan struct{})
	g.leave(false, away)
	_, err := g.enter(t.Context(), closing)
	require.NoError(t, err)
	close(closing)
	_, err = g.enter(t.Context(), closing)
	require.ErrorIs(t, err, errClosed)
}
