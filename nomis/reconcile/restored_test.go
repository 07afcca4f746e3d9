package reconcile_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/reconcile"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// takenBefore is a difference of a record that took other words over before turns were
// stopped: both systems hold them.
func (f *fixture) takenBefore(pair domain.Pair) reconcile.Difference {
	f.t.Helper()
	f.nomisOpens(pair, "2021-07-05")
	f.turn(pair)
	before := f.item(pair)
	f.there(http.MethodPatch, pair, 1, map[string]any{"comment": "Older words"})
	f.turn(pair)
	ours, _ := before.Detail()
	theirs, _ := f.item(pair).Detail()
	require.NoError(f.t, f.Store.Record(f.t.Context(), pair, f.Now, domain.Today(f.Now), before.ID, store.Finding{
		NonAssociationID: before.ID, TypeSequence: 1, Bucket: store.Differs, Why: "x", Cause: turn.Unknown, Ours: &ours, Theirs: &theirs, Stays: true,
	}))
	return f.living(pair)
}

// item is the only record of a pair.
func (f *fixture) item(pair domain.Pair) domain.NonAssociation {
	f.t.Helper()
	planned, err := f.Commands.Plan(f.t.Context(), pair)
	require.NoError(f.t, err)
	return planned.Exchanges.State().Items[0]
}

// From DPS the record is again what it was, in both systems. From NOMIS it stays as it is.
// What staff have changed since is a later word than both.
func TestRepair_ofATakeBeforeTurnsWereStopped(t *testing.T) {
	for name, c := range map[string]struct {
		fromNOMIS bool
		since     string // what staff wrote after the take
		steps     []plan.Action
		comment   string
	}{
		"from DPS":                       {false, "", []plan.Action{plan.Revert, plan.Put}, "Told"},
		"from NOMIS":                     {true, "", nil, "Older words"},
		"from DPS, changed since":        {false, "Newer words", nil, "Newer words"},
		"from NOMIS, changed since":      {true, "Newer words", nil, "Newer words"},
		"from DPS, what it was by staff": {false, "Told", nil, "Told"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			pair, o := pairOf(1), f.operations()
			d := f.takenBefore(pair)
			if c.since != "" {
				f.staffAmends(pair, c.since)
				f.turn(pair)
			}
			if c.since == "Told" {
				ended, err := f.Store.Difference(t.Context(), d.ID)
				require.NoError(t, err)
				require.Equal(t, store.StateRepaired, ended.State, "staff did it themselves")
				return
			}
			d = f.compared(o, pair)
			require.Equal(t, store.StateOpen, d.State, "it does not heal by itself")
			repair := actor("OPERATOR")
			repair.Version, repair.FromNOMIS = d.Version, c.fromNOMIS
			done, err := o.Repair(t.Context(), d.ID, repair)
			require.NoError(t, err)
			require.Equal(t, c.steps, actionsOf(done.Steps))
			require.Equal(t, store.StateRepaired, done.Difference.State)
			require.Equal(t, "OPERATOR", done.Difference.DecidedBy)
			require.Equal(t, c.comment, *f.item(pair).Comment)
			left, err := o.Compare(t.Context(), pair)
			require.NoError(t, err)
			require.Empty(t, left)
			result, err := f.Take(t.Context(), pair, turn.Why{})
			require.NoError(t, err)
			require.Empty(t, result.Done)
			require.Equal(t, c.comment, *result.Theirs[0].Detail.Comment)
		})
	}
}

// Another record is open by now: the record cannot be open again beside it.
func TestRepair_ofATakeBeforeTurnsWereStoppedIsRefusedBesideAnother(t *testing.T) {
	f := newFixture(t)
	pair, o := pairOf(1), f.operations()
	d := f.takenBefore(pair)
	closed := d.Finding
	f.there(http.MethodPatch, pair, 1, map[string]any{"expiryDate": "2022-07-05"})
	f.turn(pair)
	theirs, _ := f.item(pair).Detail()
	closed.Theirs = &theirs
	require.NoError(t, f.Store.Record(t.Context(), pair, f.Now, domain.Today(f.Now), closed.NonAssociationID, closed))
	f.staffOpens(pair)
	f.turn(pair)
	d = f.compared(o, pair)
	repair := actor("OPERATOR")
	repair.Version = d.Version
	_, err := o.Repair(t.Context(), d.ID, repair)
	var impossible reconcile.ImpossibleError
	require.ErrorAs(t, err, &impossible)
	require.Contains(t, impossible.Why, "another record counts")
	require.Equal(t, d, f.compared(o, pair), "nothing was begun")
}

// An accepted one is left as it is, until the record becomes something else.
func TestAccepted_isATakeBeforeTurnsWereStopped(t *testing.T) {
	f := newFixture(t)
	pair, o := pairOf(1), f.operations()
	d := f.takenBefore(pair)
	d, err := o.Accept(t.Context(), d.ID, d.Version, store.Decision{By: "OPERATOR", Reason: "Known"})
	require.NoError(t, err)
	f.turn(pair)
	require.Equal(t, store.StateAccepted, f.compared(o, pair).State)
	_, err = f.Commands.Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Close{ID: d.NonAssociationID, ClosedReason: "Friends"})
	require.NoError(t, err)
	f.turn(pair)
	again := f.compared(o, pair)
	require.Equal(t, d.ID, again.ID)
	require.Equal(t, store.StateOpen, again.State)
	require.Len(t, again.Fields, 2)
}
