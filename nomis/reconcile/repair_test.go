package reconcile_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/reconcile"
	"nonassociations/nomis/store"
)

func (f *fixture) operations() *reconcile.Operations {
	f.t.Helper()
	locks := store.NewLockSessions(f.DSN, f.options.Wait)
	f.t.Cleanup(locks.Close)
	return reconcile.NewOperations(reconcile.OperationsOptions{
		Store: f.Store, Locks: locks, API: f.API, Turns: f.options.Turns, Clock: f.options.Clock, Pending: pending, Wait: f.options.Wait,
	})
}

// compared is the one difference of a pair after a comparison.
func (f *fixture) compared(o *reconcile.Operations, pair domain.Pair) reconcile.Difference {
	f.t.Helper()
	all, err := o.Compare(f.t.Context(), pair)
	require.NoError(f.t, err)
	require.Len(f.t, all, 1)
	return all[0]
}

func actor(by string) reconcile.Repair { return reconcile.Repair{Reason: "Looked at it", By: by} }

// lastFact is the last fact of a pair.
func (f *fixture) lastFact(pair domain.Pair) eventstore.Fact {
	f.t.Helper()
	read := f.Log.ReadMany(f.t.Context(), []string{pair.Stream()})[0]
	require.NoError(f.t, read.Err)
	fact, err := eventstore.Read(domain.Events(), read.Events[len(read.Events)-1])
	require.NoError(f.t, err)
	return fact
}

// Every kind of difference, in both directions.
func TestRepair_endsADifferenceInItsDirection(t *testing.T) {
	for name, c := range map[string]struct {
		plant     func(f *fixture, pair domain.Pair)
		fromNOMIS bool
		steps     []plan.Action
		ours      int // live records afterwards
	}{
		"differs from DPS":      {plantDiffers, false, []plan.Action{plan.Put}, 1},
		"differs from NOMIS":    {plantDiffers, true, []plan.Action{plan.Take}, 1},
		"only here from DPS":    {plantOnlyHere, false, []plan.Action{plan.Post}, 1},
		"only here from NOMIS":  {plantOnlyHere, true, []plan.Action{plan.Delete}, 0},
		"only there from DPS":   {plantOnlyThere, false, []plan.Action{plan.Remove}, 0},
		"only there from NOMIS": {plantOnlyThere, true, []plan.Action{plan.Take}, 1},
		"deleted from DPS":      {plantDeleted, false, []plan.Action{plan.Remove}, 0},
		"deleted from NOMIS":    {plantDeleted, true, []plan.Action{plan.Release, plan.Take}, 1},
		"changed, from NOMIS":   {plantChangedAfterDelete, true, []plan.Action{plan.Release, plan.Take}, 1},
		"mirrors from DPS":      {plantMirrors, false, []plan.Action{plan.Put}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			pair, o := pairOf(1), f.operations()
			c.plant(f, pair)
			d := f.compared(o, pair)

			try := actor("OPERATOR")
			try.Version, try.FromNOMIS, try.DryRun = d.Version, c.fromNOMIS, true
			tried, err := o.Repair(t.Context(), d.ID, try)
			require.NoError(t, err)
			require.Equal(t, c.steps, actionsOf(tried.Steps))
			require.Equal(t, d, f.compared(o, pair), "nothing was done")

			try.DryRun = false
			done, err := o.Repair(t.Context(), d.ID, try)
			require.NoError(t, err)
			require.Equal(t, c.steps, actionsOf(done.Steps))
			require.Equal(t, store.StateRepaired, done.Difference.State)
			require.Equal(t, "OPERATOR", done.Difference.DecidedBy)
			require.Equal(t, "Looked at it", done.Difference.Reason)
			left, err := o.Compare(t.Context(), pair)
			require.NoError(t, err)
			require.Empty(t, left)
			live := 0
			ours, err := f.Commands.Plan(t.Context(), pair)
			require.NoError(t, err)
			for _, n := range ours.Exchanges.State().Items {
				if !n.Deleted {
					live++
				}
			}
			require.Equal(t, c.ours, live)
			if c.steps[0] != plan.Remove {
				require.Equal(t, "OPERATOR", f.lastFact(pair).Meta.Actor)
			}
		})
	}
}

func actionsOf(steps []reconcile.Step) []plan.Action {
	var actions []plan.Action
	for _, step := range steps {
		actions = append(actions, step.Action)
	}
	return actions
}

func plantDiffers(f *fixture, pair domain.Pair) {
	f.nomisOpens(pair, "2021-07-05")
	f.turn(pair)
	f.there(http.MethodPatch, pair, 1, map[string]any{"comment": "Other words"})
}

func plantOnlyHere(f *fixture, pair domain.Pair) {
	f.nomisOpens(pair, "2021-07-05")
	f.turn(pair)
	f.there(http.MethodDelete, pair, 1, nil)
}

func plantOnlyThere(f *fixture, pair domain.Pair) { f.nomisOpens(pair, "2021-07-05") }

func plantDeleted(f *fixture, pair domain.Pair) {
	f.nomisOpens(pair, "2021-07-05")
	f.turn(pair)
	f.staffDeletes(pair)
}

func plantChangedAfterDelete(f *fixture, pair domain.Pair) {
	plantDeleted(f, pair)
	f.there(http.MethodPatch, pair, 1, map[string]any{"comment": "Other words"})
}

func plantMirrors(f *fixture, pair domain.Pair) {
	f.nomisOpens(pair, "2021-07-05")
	f.turn(pair)
	f.fault("half-closed", pair, 1)
}

func TestRepair_isRefusedWithWhy(t *testing.T) {
	f := newFixture(t)
	pair, o := pairOf(1), f.operations()
	_, err := o.Repair(t.Context(), uuid.New(), actor("OPERATOR"))
	require.ErrorIs(t, err, reconcile.ErrNoDifference)

	plantDiffers(f, pair)
	d := f.compared(o, pair)
	stale := actor("OPERATOR")
	stale.Version = d.Version + 1
	_, err = o.Repair(t.Context(), d.ID, stale)
	require.ErrorIs(t, err, reconcile.ErrStale)

	good := actor("OPERATOR")
	good.Version = d.Version
	f.Outbound = false
	var impossible reconcile.ImpossibleError
	_, err = o.Repair(t.Context(), d.ID, good)
	require.ErrorAs(t, err, &impossible)
	require.NotEmpty(t, impossible.Why)
	f.Outbound = true

	locks, err := store.OpenPairLocks(t.Context(), f.DSN)
	require.NoError(t, err)
	defer locks.Close()
	locked, err := locks.TryLock(t.Context(), pair)
	require.NoError(t, err)
	require.True(t, locked)
	_, err = o.Repair(t.Context(), d.ID, good)
	require.ErrorIs(t, err, reconcile.ErrUnavailable, "another turn works on the pair")
	locks.Unlock(t.Context(), pair)

	f.turn(pair)
	gone, err := f.Store.Difference(t.Context(), d.ID)
	require.NoError(t, err)
	good.Version = gone.Version
	_, err = o.Repair(t.Context(), d.ID, good)
	require.ErrorAs(t, err, &impossible)
	require.Contains(t, impossible.Why, "HEALED")

	plantDiffers(f, pairOf(2))
	d = f.compared(o, pairOf(2))
	good.Version = d.Version
	f.fault("error-503", pairOf(2), 0)
	_, err = o.Repair(t.Context(), d.ID, good)
	require.ErrorIs(t, err, reconcile.ErrUnavailable)
	_, err = o.Compare(t.Context(), pairOf(2))
	require.ErrorIs(t, err, reconcile.ErrUnavailable)
}

// A row that NOMIS lacks no call can mend.
func TestRepair_thatNOMISCannotDoSaysWhy(t *testing.T) {
	f := newFixture(t)
	pair, o := pairOf(1), f.operations()
	f.nomisOpens(pair, "2021-07-05")
	f.turn(pair)
	f.fault("mirror-missing", pair, 1)
	d := f.compared(o, pair)
	require.Equal(t, store.MirrorsDisagree, d.Bucket)
	repair := actor("OPERATOR")
	repair.Version = d.Version
	_, err := o.Repair(t.Context(), d.ID, repair)
	var impossible reconcile.ImpossibleError
	require.ErrorAs(t, err, &impossible)
	require.Contains(t, impossible.Why, "NOMIS lacks the row")
	require.Equal(t, d, f.compared(o, pair), "nothing was begun")
}

func TestPlan_isCarriedOutWhileItIsTheSame(t *testing.T) {
	f := newFixture(t)
	o := f.operations()
	for n := range 3 {
		plantDiffers(f, pairOf(n))
	}
	plantOnlyHere(f, pairOf(3))
	for n := range 4 {
		f.compared(o, pairOf(n))
	}
	ask := reconcile.PlanRequest{FromNOMIS: true, Reason: "NOMIS is right", By: "OPERATOR"}
	made, err := o.Plan(t.Context(), ask)
	require.NoError(t, err)
	require.Equal(t, 3, made.Count)
	require.Equal(t, 1, made.LeftOut, "what would be deleted here")
	same, err := o.Plan(t.Context(), ask)
	require.NoError(t, err)
	require.Equal(t, made.ID, same.ID)
	ask.Delete = true
	withDeletes, err := o.Plan(t.Context(), ask)
	require.NoError(t, err)
	require.Equal(t, 4, withDeletes.Count)
	require.NotEqual(t, made.ID, withDeletes.ID)

	f.there(http.MethodPatch, pairOf(0), 1, map[string]any{"comment": "Third words"})
	_, err = o.CarryOut(t.Context(), made.ID, "OPERATOR")
	require.ErrorIs(t, err, reconcile.ErrOtherPlan)
	_, err = o.CarryOut(t.Context(), "none", "OPERATOR")
	require.ErrorIs(t, err, reconcile.ErrNoPlan)

	f.compared(o, pairOf(0))
	ask.Delete = false
	made, err = o.Plan(t.Context(), ask)
	require.NoError(t, err)
	done, err := o.CarryOut(t.Context(), made.ID, "OPERATOR")
	require.NoError(t, err)
	require.Equal(t, 3, done.Count)
	require.Len(t, done.Steps, 3)
	require.Empty(t, done.Failed)
	for n := range 3 {
		left, err := o.Compare(t.Context(), pairOf(n))
		require.NoError(t, err)
		require.Empty(t, left)
	}
	require.Len(t, f.living(pairOf(3)).Pair.Numbers(), 2, "it stays")
	_, err = o.CarryOut(t.Context(), made.ID, "OPERATOR")
	require.ErrorIs(t, err, reconcile.ErrOtherPlan, "it was done")
}
