package turn_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// restoredNOMIS is a pair of 21 records, the last one open, each of which NOMIS gave an older form. The brake
// is on, and the last taken of them were taken over before.
func restoredNOMIS(t *testing.T, taken int) *circle.Circle {
	t.Helper()
	f := circle.New(t)
	f.Now = time.Now().In(f.Now.Location()) // the log has a clock of its own
	change := func(from, to int, comment string) {
		for n := from; n < to; n++ {
			f.NOMISChange(n+1, map[string]any{"comment": comment})
		}
	}
	for n := range 21 {
		sequence := f.NOMISOpen(time.Date(2000, 1, 1+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		if n < 20 {
			f.NOMISChange(sequence, map[string]any{"expiryDate": "2001-01-01"})
		}
	}
	f.TakeTurn()
	change(0, 21, "Second")
	f.TakeTurn()
	if taken > 0 {
		change(21-taken, 21, "Told")
		require.Equal(t, []plan.Action{plan.Take}, f.TakeTurn())
	}
	change(0, 21-taken, "Told")
	_, err := f.Take(t.Context(), circle.Pair, turn.Why{})
	require.ErrorIs(t, err, turn.ErrBraked)
	return f
}

// release lets turns go on, a minute later.
func release(t *testing.T, f *circle.Circle, from store.Side) {
	t.Helper()
	f.Now = time.Now().Add(time.Minute).In(f.Now.Location())
	require.NoError(t, f.Store.ReleaseBrake(t.Context(), store.Release{At: f.Now, From: from, Reason: "Asked", By: "OPERATOR"}))
}

// comments are those of the records, here.
func comments(f *circle.Circle) map[string]int {
	found := map[string]int{}
	for _, n := range f.Items() {
		d, _ := n.Detail()
		found[*d.Comment]++
	}
	return found
}

func TestRelease_fromDPSWritesOursToNOMIS(t *testing.T) {
	f := restoredNOMIS(t, 0)
	release(t, f, store.FromDPS)
	steps := f.TakeTurn()
	require.Len(t, steps, 21)
	require.NotContains(t, steps, plan.Take)
	require.Equal(t, map[string]int{"Second": 21}, comments(f))
	f.IsQuiet()
	pair, err := f.Store.RestoredPair(t.Context(), circle.Pair)
	require.NoError(t, err)
	require.Zero(t, pair, "it is in step")

	f.Now = f.Now.Add(time.Hour)
	f.NOMISChange(1, map[string]any{"comment": "Told"})
	f.Now = f.Now.Add(25 * time.Hour)
	require.Equal(t, []plan.Action{plan.Take}, f.TakeTurn(), "a later change is one")
}

// The pair that a person decided about waits for a NOMIS that cannot be written.
func TestRelease_fromDPSCountsUntilThePairIsInStep(t *testing.T) {
	f := restoredNOMIS(t, 0)
	release(t, f, store.FromDPS)
	f.Outbound = false
	require.Empty(t, f.TakeTurn())
	f.Now = f.Now.Add(30 * 24 * time.Hour)
	require.Empty(t, f.TakeTurn())
	f.Outbound = true
	require.NotContains(t, f.TakeTurn(), plan.Take)
	f.IsQuiet()
}

// What other pairs hold is judged by the decision for a day.
func TestRelease_countsForPairsThatWereNotCounted(t *testing.T) {
	for from, want := range map[store.Side]plan.Action{store.FromDPS: plan.Put, store.FromNOMIS: plan.Take} {
		f := circle.New(t)
		f.Now = time.Now().In(f.Now.Location())
		f.NOMISOpen("2021-07-05")
		f.TakeTurn()
		f.NOMISChange(1, map[string]any{"comment": "Second"})
		f.TakeTurn()
		f.NOMISChange(1, map[string]any{"comment": "Told"})
		require.NoError(t, f.Store.SetBrake(t.Context(), f.Now, "NOMIS looks restored."))
		release(t, f, from)
		released := f.Now
		f.Now = released.Add(25 * time.Hour)
		result, err := f.Take(t.Context(), circle.Pair, turn.Why{DryRun: true})
		require.NoError(t, err)
		require.Equal(t, plan.Take, result.Plan.Steps[0].Action)
		require.Len(t, result.Plan.Steps[0].GivesBack, 1, "it is over, and it is counted")
		f.Now = released.Add(23 * time.Hour)
		require.Equal(t, want, f.TakeTurn()[0], from)
		f.IsQuiet()
		counted, err := f.Store.Counted(t.Context())
		require.NoError(t, err)
		require.Empty(t, counted)
	}
}

func TestRelease_fromNOMISTakesAllAndSetsNoOtherBrake(t *testing.T) {
	f := restoredNOMIS(t, 0)
	release(t, f, store.FromNOMIS)
	require.Contains(t, f.TakeTurn(), plan.Take)
	require.Equal(t, map[string]int{"Told": 21}, comments(f))
	f.IsQuiet()
	brake, err := f.Store.GetBrake(t.Context())
	require.NoError(t, err)
	require.False(t, brake.IsOn())
}

// meanwhile does something once, after a turn has read what it plans on.
type meanwhile struct {
	turn.Rules
	once func()
}

func (m *meanwhile) InboundAllowed(ctx context.Context, pair domain.Pair) (bool, error) {
	if once := m.once; once != nil {
		m.once = nil
		once()
	}
	return m.Rules.InboundAllowed(ctx, pair)
}

// The brake is set by others and released while a turn is under way. The turn counts
// nothing under the old one, and plans again by what the person decided.
func TestRelease_whileATurnIsUnderWayIsObeyedByIt(t *testing.T) {
	f := circle.New(t)
	f.Now = time.Now().In(f.Now.Location())
	f.NOMISOpen("2021-07-05")
	f.TakeTurn()
	f.NOMISChange(1, map[string]any{"comment": "Second"})
	f.TakeTurn()
	f.NOMISChange(1, map[string]any{"comment": "Told"})
	turns := *f.Turns
	turns.Rules = &meanwhile{turns.Rules, func() {
		require.NoError(t, f.Store.SetBrake(t.Context(), f.Now, "NOMIS looks restored."))
		release(t, f, store.FromDPS)
	}}
	result, err := turns.Take(t.Context(), circle.Pair, turn.Why{})
	require.NoError(t, err)
	require.Equal(t, []plan.Action{plan.Put}, circle.Actions(result.Done))
	counted, err := f.Store.Counted(t.Context())
	require.NoError(t, err)
	require.Empty(t, counted)
}

// A take that was made before the stop waits for a person.
func TestRelease_fromDPSLeavesEachTakeAsAnOpenDifference(t *testing.T) {
	f := restoredNOMIS(t, 3)
	release(t, f, store.FromDPS)
	f.TakeTurn()
	require.Equal(t, map[string]int{"Told": 3, "Second": 18}, comments(f))
	living := f.Living()
	require.Len(t, living, 3)
	for _, d := range living {
		require.Equal(t, store.StateOpen, d.State)
		require.Equal(t, store.Differs, d.Bucket)
		require.Equal(t, []*string{ptr("Second"), ptr("Told")}, []*string{d.Ours.Comment, d.Theirs.Comment})
	}
	require.Empty(t, f.TakeTurn())
	require.Len(t, f.Living(), 3, "they do not heal by themselves")

	open := f.Items()[20].ID
	at := slices.IndexFunc(living, func(d store.Difference) bool { return d.NonAssociationID == open })
	living[0], living[at] = living[at], living[0] // a closed one is not amended
	f.Staff(domain.Amend{ID: living[0].NonAssociationID, Comment: ptr("Second")})
	require.NotContains(t, f.TakeTurn(), plan.Take)
	kept, err := f.Store.Difference(t.Context(), living[0].ID)
	require.NoError(t, err)
	require.Equal(t, store.StateRepaired, kept.State, "a person made it what it was")
	_, err = f.Take(t.Context(), circle.Pair, turn.Why{Actor: "OPERATOR", Repair: &plan.Repair{NonAssociationID: living[1].NonAssociationID, FromNOMIS: true}})
	require.NoError(t, err)
	kept, err = f.Store.Difference(t.Context(), living[1].ID)
	require.NoError(t, err)
	require.Equal(t, store.StateRepaired, kept.State)
	done, err := f.Take(t.Context(), circle.Pair, turn.Why{Actor: "OPERATOR", Repair: &plan.Repair{NonAssociationID: living[2].NonAssociationID}})
	require.NoError(t, err)
	require.Equal(t, []plan.Action{plan.Revert, plan.Put}, circle.Actions(done.Done))
	require.Empty(t, f.Living())
	require.Equal(t, map[string]int{"Told": 1, "Second": 20}, comments(f))
	f.IsQuiet()
}
