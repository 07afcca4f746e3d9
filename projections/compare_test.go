package projections_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
	"nonassociations/projections"
)

// TestCompare_showsALogThatWasChanged: its id is the same, and the last
// event is where it was.
func TestCompare_showsALogThatWasChanged(t *testing.T) {
	t.Parallel()
	log := someLog(t, "B1111BB", "C1111CC", "D1111DD")
	dsn := built(t, log)
	c, err := projections.Compare(t.Context(), dsn, projections.CurrentGeneration, log.log)
	require.NoError(t, err)
	require.True(t, c.Same(), "%+v", c)
	require.EqualValues(t, 3, c.Built.Events)
	require.Equal(t, identity(t, log.log), c.Store.String())
	require.Equal(t, log.last.Uint64(), c.Position)

	after := pairOf(t, "A1111AA", "E1111EE")
	log.sync(after, item(after, "2021-07-05T10:35:17", "VIC", "PER"))
	c, err = projections.Compare(t.Context(), dsn, projections.CurrentGeneration, log.log)
	require.NoError(t, err)
	require.True(t, c.Same(), "what lies behind its place says nothing of it")

	for name, order := range map[string][]int{
		"exchanged": {0, 1, -1, 3}, "moved": {0, 2, 1, 3}, "missing": {0, 1, 3}, "added": {0, 1, -1, 2, 3},
	} {
		c, err := projections.Compare(t.Context(), dsn, projections.CurrentGeneration, rewritten(t, log.log, order))
		require.NoError(t, err)
		require.False(t, c.Same(), name)
	}
}

func TestCompare_noReadModelIsNotTheSame(t *testing.T) {
	dsn, _ := database(t)
	c, err := projections.Compare(t.Context(), dsn, projections.CurrentGeneration, someLog(t, "B1111BB").log)
	require.NoError(t, err)
	require.Equal(t, uuid.Nil, c.Store)
	require.False(t, c.Same())
}

// rewritten is a log with the events of another in an order; -1 is one that is
// nowhere else.
func rewritten(t *testing.T, log eventstore.Store, order []int) eventstore.Store {
	t.Helper()
	events, err := log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 10)
	require.NoError(t, err)
	other := memory.New()
	for _, i := range order {
		next := events[max(i, 0)]
		if i < 0 {
			next.ID, next.Stream = uuid.New(), "nonAssociation-A1111AA_F1111FF"
		}
		_, err := other.Append(t.Context(), eventstore.Append{Stream: next.Stream, Expected: eventstore.NoStream, Events: []eventstore.Event{next.Event}})
		require.NoError(t, err)
	}
	return other
}
