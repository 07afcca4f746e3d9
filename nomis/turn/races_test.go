package turn_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/turn"
)

func TestInbound_offKeepsWhatNOMISChangedApartAndStillWrites(t *testing.T) {
	f := circle.New(t)
	f.NOMISOpen("2021-07-05")
	f.TakeTurn()
	f.Inbound = false
	f.IsQuiet()
	f.NOMISChange(1, map[string]any{"comment": "Changed there"})
	require.Empty(t, f.TakeTurn())
	require.Equal(t, string(plan.ChangedAfterSwitch), f.Living()[0].Problem)
	f.Staff(domain.Amend{ID: f.Items()[0].ID, Restriction: ptr(domain.Cell)})
	require.Equal(t, []plan.Action{plan.Put}, f.TakeTurn())
	require.Equal(t, ptr("Changed there"), f.Living()[0].Theirs.Comment, "NOMIS keeps its value")
	f.Inbound = true
	require.Empty(t, f.TakeTurn(), "a person decides")
	f.NOMISChange(1, map[string]any{"comment": "Changed later"})
	require.Equal(t, []plan.Action{plan.Take}, f.TakeTurn())
	f.IsQuiet()
}

// racing is the record of a pair, with another writer before each of some appends.
type racing struct {
	turn.Record

	before func()
	left   int
}

func (r *racing) ExecutePlanned(ctx context.Context, by domain.Cause, pair domain.Pair, c domain.Command, revision int64) (commands.Executed, error) {
	if r.left > 0 {
		r.left--
		r.before()
	}
	return r.Record.ExecutePlanned(ctx, by, pair, c, revision)
}

// A step that loses a race may be planned again unchanged: that is no lack of progress.
func TestTurn_thatLosesRacesGoesOn(t *testing.T) {
	f := circle.New(t)
	f.NOMISOpen("2021-07-05")
	f.TakeTurn()
	f.NOMISChange(1, map[string]any{"comment": "Changed there"})
	reason := domain.Threat
	racer := &racing{Record: f.Commands, left: 3, before: func() {
		f.Staff(domain.Amend{ID: f.Items()[0].ID, Reason: &reason}) // which NOMIS does not see
		reason = domain.Violence
	}}
	turns := *f.Turns
	turns.Record = racer
	result, err := turns.Take(t.Context(), circle.Pair, turn.Why{})
	require.NoError(t, err)
	require.Equal(t, []plan.Action{plan.Take}, circle.Actions(result.Done))
	require.Zero(t, racer.left)
	f.IsQuiet()
	require.NotContains(t, f.Logs.String(), "no progress")
}
