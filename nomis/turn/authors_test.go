package turn_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/circle"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/turn"
)

// What is found in NOMIS may have been written by anybody. What was read back right after a
// write was written by the service.
func TestTurn_learnsItsNameInNOMISFromItsWrites(t *testing.T) {
	f := circle.New(t)
	f.NOMISOpen("2021-07-05")
	f.NOMISChange(1, map[string]any{"expiryDate": "2022-07-05"})
	f.TakeTurn()
	names, err := f.Store.Authors(t.Context())
	require.NoError(t, err)
	require.Empty(t, names)
	f.StaffOpen()
	result, err := f.Take(t.Context(), circle.Pair, turn.Why{})
	require.NoError(t, err)
	require.Equal(t, []plan.Action{plan.Post}, circle.Actions(result.Done))
	names, err = f.Store.Authors(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{result.Theirs[1].UpdatedBy}, names)
	require.NotContains(t, names, result.Theirs[0].UpdatedBy)

	other := turn.New(f.Options)
	again, err := other.Take(t.Context(), circle.Pair, turn.Why{})
	require.NoError(t, err)
	require.Empty(t, again.Done)
	require.NoError(t, f.Store.LearnAuthor(t.Context(), names[0], f.Now.Add(time.Hour)))
}
