package reconcile_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/reconcile"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

func TestAccepted_isLeftAloneUntilASideChangesOrItsDayHasPassed(t *testing.T) {
	f := newFixture(t)
	pair, o := pairOf(1), f.operations()
	plantDiffers(f, pair)
	d := f.compared(o, pair)
	today := domain.Today(f.Now)
	_, err := o.Accept(t.Context(), d.ID, d.Version+1, store.Decision{By: "OPERATOR", Reason: "Known"})
	require.ErrorIs(t, err, reconcile.ErrStale)
	d, err = o.Accept(t.Context(), d.ID, d.Version, store.Decision{By: "OPERATOR", Reason: "Known", Until: today})
	require.NoError(t, err)
	require.Equal(t, store.StateAccepted, d.State)
	_, err = o.Accept(t.Context(), d.ID, d.Version, store.Decision{By: "OPERATOR", Reason: "Known"})
	require.ErrorAs(t, err, &reconcile.ImpossibleError{})

	result, err := f.Take(t.Context(), pair, turn.Why{})
	require.NoError(t, err)
	require.Empty(t, result.Done, "no step touches it")
	require.Equal(t, store.StateAccepted, f.compared(o, pair).State)

	f.Now = f.Now.AddDate(0, 0, 1)
	again := f.compared(o, pair)
	require.Equal(t, store.StateOpen, again.State, "its last day has passed")
	require.Equal(t, store.Differs, again.Bucket)
	d, err = o.Accept(t.Context(), again.ID, again.Version, store.Decision{By: "OPERATOR", Reason: "Known"})
	require.NoError(t, err)
	f.there(http.MethodPatch, pair, 1, map[string]any{"comment": "Third words"})
	require.Equal(t, store.StateOpen, f.compared(o, pair).State, "a side has changed")
	require.Equal(t, d.ID, f.compared(o, pair).ID)
}

func TestRepair_ofOneThatWasAccepted(t *testing.T) {
	f := newFixture(t)
	pair, o := pairOf(1), f.operations()
	plantDiffers(f, pair)
	d := f.compared(o, pair)
	d, err := o.Accept(t.Context(), d.ID, d.Version, store.Decision{By: "OPERATOR", Reason: "Known"})
	require.NoError(t, err)
	repair := actor("SECOND")
	repair.Version, repair.FromNOMIS = d.Version, true
	done, err := o.Repair(t.Context(), d.ID, repair)
	require.NoError(t, err)
	require.Equal(t, store.StateRepaired, done.Difference.State)
	require.Equal(t, "SECOND", done.Difference.DecidedBy)
}
