package turn_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// third is one more prisoner whom NOMIS knows.
const third domain.PrisonerNumber = "B1234CD"

// A delete message is no evidence when NOMIS itself explains the absence, or when the
// message is older than what NOMIS is known to have held.
func TestTurn_spendsADeletionThatSomethingElseExplains(t *testing.T) {
	for name, c := range map[string]struct {
		received time.Duration // after the record was taken over
		happens  func(*circle.Circle)
	}{
		"NOMIS names a merge": {time.Second, func(f *circle.Circle) {
			f.There(http.MethodPost, "/staff/merges?silent=true", map[string]any{"from": third, "to": domaintest.High})
		}},
		"an older message": {-time.Hour, func(*circle.Circle) {}},
		"NOMIS does not know a prisoner": {time.Second, func(f *circle.Circle) {
			f.There(http.MethodPost, "/faults", map[string]any{"fault": "prisoner-unknown"})
		}},
		"the sequence is there again": {time.Second, func(f *circle.Circle) { require.Equal(t, 1, f.NOMISOpen("2021-07-05")) }},
	} {
		t.Run(name, func(t *testing.T) {
			f := circle.New(t)
			f.NOMISOpen("2021-07-05")
			f.TakeTurn()
			f.NOMISDelete(1)
			at := time.Now().Add(c.received)
			require.NoError(t, f.Store.Ring(t.Context(), at, store.Ring{Pair: circle.Pair, Cause: store.Cause{Kind: store.NOMISDeleted, ID: "m"}, Deleted: 1}))
			due, err := f.Store.Get(t.Context(), circle.Pair)
			require.NoError(t, err)
			f.Now = at.Add(2 * time.Hour).In(f.Now.Location())
			c.happens(f)
			result, err := f.Take(t.Context(), circle.Pair, turn.Why{Due: due})
			require.NoError(t, err)
			require.Empty(t, result.Done)
			require.False(t, f.Items()[0].Deleted)
			due, err = f.Store.Get(t.Context(), circle.Pair)
			require.NoError(t, err)
			require.Empty(t, due.Deletions, "it is spent")
		})
	}
}

// The message may come before what NOMIS held a moment earlier is recorded.
func TestTurn_countsADeletionThatCameWhileTheRecordWasRead(t *testing.T) {
	f := circle.New(t)
	f.NOMISOpen("2021-07-05")
	f.TakeTurn()
	f.NOMISDelete(1)
	at := time.Now().Add(-10 * time.Second)
	require.NoError(t, f.Store.Ring(t.Context(), at, store.Ring{Pair: circle.Pair, Cause: store.Cause{Kind: store.NOMISDeleted, ID: "m"}, Deleted: 1}))
	due, err := f.Store.Get(t.Context(), circle.Pair)
	require.NoError(t, err)
	f.Now = at.Add(2 * time.Hour).In(f.Now.Location())
	result, err := f.Take(t.Context(), circle.Pair, turn.Why{Due: due})
	require.NoError(t, err)
	require.Equal(t, []plan.Action{plan.Delete}, circle.Actions(result.Done))
	require.True(t, f.Items()[0].Deleted)
}

// NOMIS has merged two numbers, and the merge has not been followed here. Its detail is
// not taken for a new record, but for a time only.
func TestTurn_waitsForTheRecordThatAMergeBrings(t *testing.T) {
	f := circle.New(t)
	removed := domaintest.PairOf(third, domaintest.High)
	_, err := f.Commands.Execute(t.Context(), domaintest.NewCause(domain.DPS), removed, domain.Open{
		FirstPrisoner: third, Comment: "Apart", Reason: domain.Threat, Restriction: domain.Wing,
		Roles: map[domain.PrisonerNumber]domain.Role{third: domain.Victim, domaintest.High: domain.Perpetrator},
	})
	require.NoError(t, err)
	f.There(http.MethodPost, "/staff/non-associations", map[string]any{
		"offenderNo": third, "nsOffenderNo": domaintest.High, "reason": "VIC", "recipReason": "PER", "type": "WING",
		"effectiveDate": "2021-07-05", "comment": "Told", "updatedBy": "STAFF",
	})
	f.There(http.MethodPost, "/staff/merges", map[string]any{"from": third, "to": domaintest.Low})

	why := turn.Why{Due: store.DuePair{Pair: circle.Pair, FirstRing: f.Now}}
	result, err := f.Take(t.Context(), circle.Pair, why)
	require.NoError(t, err)
	require.Empty(t, result.Done)
	require.Len(t, result.Plan.Waits, 1)
	require.True(t, f.Now.Add(time.Hour).Equal(result.Plan.Waits[0].Until))

	f.Now = f.Now.Add(time.Hour)
	result, err = f.Take(t.Context(), circle.Pair, why)
	require.NoError(t, err)
	require.Equal(t, []plan.Action{plan.Take}, circle.Actions(result.Done))
}

// What NOMIS's staff changed after the record was deleted here is shown beside what it was.
func TestChangedAfterDelete_saysWhatWasChanged(t *testing.T) {
	f := circle.New(t)
	f.NOMISOpen("2021-07-05")
	f.TakeTurn()
	n := f.Items()[0]
	f.Staff(domain.Delete{ID: n.ID})
	f.NOMISChange(1, map[string]any{"comment": "Changed there"})
	f.TakeTurn()
	living := f.Living()
	require.Len(t, living, 1)
	require.Equal(t, string(plan.ChangedAfterDelete), living[0].Problem)
	require.Equal(t, []store.Field{{Field: "comment", Ours: n.Comment, Theirs: new("Changed there")}}, living[0].Fields)
}
