package nomis_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
)

// dossiers are those of both systems.
func dossiers(t *testing.T, c *circle.Circle, change ...func(*nomis.DossiersOptions)) *nomis.Dossiers {
	t.Helper()
	locks := store.NewLockSessions(c.DSN, noWait)
	t.Cleanup(locks.Close)
	options := nomis.DossiersOptions{Store: c.Store, Locks: locks, API: c.API, Turns: c.Options, Clock: func() time.Time { return c.Now }}
	for _, f := range change {
		f(&options)
	}
	return nomis.NewDossiers(options)
}

// dossier is that of the pair, which must not write anything.
func dossier(t *testing.T, c *circle.Circle, d *nomis.Dossiers) nomis.Dossier {
	t.Helper()
	before := writtenBy(t, c)
	found, err := d.Dossier(t.Context(), circle.Pair)
	require.NoError(t, err)
	require.Equal(t, before, writtenBy(t, c), "it writes nothing")
	return found
}

func TestDossier_hasBothSidesAndWhatTheNextTurnWouldDo(t *testing.T) {
	c := circle.New(t)
	d := dossiers(t, c)
	id := c.StaffOpen()
	found := dossier(t, c, d)
	require.Equal(t, circle.Pair, found.Pair)
	require.Len(t, found.Ours, 1)
	require.Equal(t, id, found.Ours[0].ID)
	require.Equal(t, "Apart", *found.Ours[0].Detail.Comment)
	require.NotNil(t, found.Ours[0].Delivery.DiffersSince)
	require.Nil(t, found.Ours[0].Delivery.DeliveredAt)
	require.True(t, found.Theirs.Read)
	require.Empty(t, found.Theirs.Rows)
	require.Empty(t, found.Mapping)
	require.Equal(t, []plan.Action{plan.Post}, circle.Actions(found.Plan.Steps))
	require.NotEmpty(t, found.Plan.Steps[0].Why)

	c.TakeTurn()
	c.NOMISOpen("2021-07-05") // NOMIS lets its staff open a second one
	found = dossier(t, c, d)
	require.Nil(t, found.Ours[0].Delivery.DiffersSince)
	require.EqualValues(t, 0, *found.Ours[0].Delivery.Revision)
	require.Equal(t, 1, *found.Ours[0].Delivery.TypeSequence)
	require.Len(t, found.Theirs.Forwards, 2)
	require.Len(t, found.Theirs.Backwards, 2)
	require.Equal(t, string(domaintest.Low), found.Theirs.Forwards[0].OffenderNo)
	require.Equal(t, []domain.MappingPeriod{{ID: id, TypeSequence: 1, Since: found.Mapping[0].Since}}, found.Mapping)
	require.NotEmpty(t, found.Plan.Problems)
	require.Empty(t, found.Differences, "no turn has found it yet")
	c.TakeTurn()
	require.Len(t, dossier(t, c, d).Differences, 1)

	c.Staff(domain.Delete{ID: id})
	c.TakeTurn()
	found = dossier(t, c, d)
	require.True(t, found.Ours[0].Delivery.Deleted)
	require.Nil(t, found.Ours[0].Delivery.TypeSequence)
	require.False(t, found.Mapping[0].Until.IsZero())
}

func TestDossier_ofAPairThatNeitherSideKnowsIsEmpty(t *testing.T) {
	c := circle.New(t)
	d := dossiers(t, c)
	found := dossier(t, c, d)
	require.Equal(t, nomis.Dossier{
		Pair: circle.Pair, Ours: []nomis.DossierRecord{}, Theirs: nomis.DossierTheirs{Read: true}, Plan: &plan.Plan{}, Differences: []store.Difference{},
	}, found)
	c.Fault("prisoner-unknown", 20)
	found = dossier(t, c, d)
	require.True(t, found.Theirs.Read)
	require.Contains(t, found.Theirs.Why, "does not know")
}

// Absence is never a fact: what could not be read is not shown as empty.
func TestDossier_whileNOMISIsAwaySaysWhy(t *testing.T) {
	c := circle.New(t)
	d := dossiers(t, c, func(o *nomis.DossiersOptions) { o.Patience = 500 * time.Millisecond })
	id := c.StaffOpen()
	c.TakeTurn()
	for _, fault := range []string{"error-503", "html-404", "delay"} {
		c.Fault(fault, 2)
		found := dossier(t, c, d)
		require.Equal(t, nomis.DossierTheirs{Why: npa.WhyAway}, found.Theirs, fault)
		require.Nil(t, found.Plan)
		require.Equal(t, id, found.Ours[0].ID)
		require.Len(t, found.Mapping, 1)
		c.There("DELETE", "/faults", nil)
	}
	c.Fault("half-closed", 1)
	c.NOMISChange(1, map[string]any{"comment": "Changed"})
	d = dossiers(t, c, func(o *nomis.DossiersOptions) {
		o.Patience = 500 * time.Millisecond
		o.Turns.Pause = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	})
	require.Equal(t, nomis.DossierTheirs{Why: npa.WhyAway}, dossier(t, c, d).Theirs, "time ran out between two reads")
	require.NotNil(t, dossier(t, c, dossiers(t, c)).Plan)
}

// A caller who leaves is no NOMIS that does not answer.
func TestDossier_ofACallerWhoLeavesIsAnError(t *testing.T) {
	c := circle.New(t)
	gone, cancel := context.WithCancel(t.Context())
	d := dossiers(t, c, func(o *nomis.DossiersOptions) {
		o.Turns.Clock = func() time.Time { cancel(); return c.Now }
	})
	_, err := d.Dossier(gone, circle.Pair)
	require.ErrorIs(t, err, context.Canceled)
}
