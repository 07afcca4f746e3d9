package reconcile

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// A planner that loses a record of either side is found out, and the run says which sum is
// wrong.
func TestSums_thatAreWrongFailTheRun(t *testing.T) {
	sequence := 1
	theirs := plan.Theirs{Detail: domain.Detail{TypeSequence: &sequence}}
	ours := commands.Planned{Exchanges: domain.NewExchanges(domaintest.Pair)}
	whole := turn.Result{Ours: ours, Theirs: []plan.Theirs{theirs}, Plan: plan.Plan{Matches: []plan.Match{{Theirs: &theirs}}}}
	counts := newSeen(domaintest.Pair, whole, time.Time{}).count()
	require.Empty(t, failureOf(store.Run{Counts: counts}))

	lost := whole
	lost.Plan.Matches = nil
	counts = newSeen(domaintest.Pair, lost, time.Time{}).count()
	require.Equal(t, "The buckets of theirs sum to 0, and theirs is 1.", failureOf(store.Run{Counts: counts, AllowUnchecked: true}))

	twice := whole
	twice.Plan.Matches = []plan.Match{{Theirs: &theirs}, {Ours: &domain.NonAssociation{ID: uuid.New(), Details: domain.Details{EffectiveDate: "2021-07-05T00:00:00"}}}}
	counts = newSeen(domaintest.Pair, twice, time.Time{}).count()
	require.Equal(t, "The buckets of ours sum to 1, and ours is 0.", failureOf(store.Run{Counts: counts}))
}
