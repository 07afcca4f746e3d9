package queries_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestVersion_isThatOfTheFacts: a position that events of others have moved has the same.
func TestVersion_isThatOfTheFacts(t *testing.T) {
	t.Parallel()
	r := newRecord(t)
	r.sync("A1111AA", "B1111BB", "2001-01-01T00:00:00", "")
	r.waitForProjection()
	one, at, err := r.Version(t.Context(), r.position)
	require.NoError(t, err)
	require.Equal(t, r.position, at)
	require.Equal(t, 1, one.Generation)
	found, err := r.OpenOf(t.Context(), numbers("A"), today, 0)
	require.NoError(t, err)
	require.Equal(t, one, found.Version)

	r.sync("A1111AA", "C1111CC", "2001-01-01T00:00:00", "")
	two, at, err := r.Version(t.Context(), r.position)
	require.NoError(t, err)
	require.Equal(t, r.position, at)
	require.NotEqual(t, one, two)

	p := projector{t, connect(t, r.dsn), r.dsn}
	p.exec(`UPDATE read_1.checkpoint SET "commit" = "commit" + 100, prepare = prepare + 100`)
	same, later, err := r.Version(t.Context(), at+100)
	require.NoError(t, err)
	require.Equal(t, at+100, later)
	require.Equal(t, two, same)
}
