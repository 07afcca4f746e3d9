package reconcile_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// Each kind of difference is planted once, and counted once in its bucket.
func TestRun_countsEachNonAssociationInOneBucket(t *testing.T) {
	f := newFixture(t)
	f.inStep(1)

	differs := f.inStep(2)
	f.there(http.MethodPatch, differs, 1, map[string]any{"comment": "Other words"})

	onlyHere := f.inStep(3)
	f.there(http.MethodDelete, onlyHere, 1, nil)

	onlyThere := pairOf(4)
	f.nomisOpens(onlyThere, "2021-07-05")

	mirrors := f.inStep(5)
	f.fault("half-closed", mirrors, 1)

	held := f.inStep(6)
	f.there(http.MethodDelete, held, 1, nil)
	require.NoError(t, f.Store.Ring(t.Context(), f.Now, store.Ring{Pair: held, Cause: store.Cause{Kind: store.NOMISDeleted, ID: "m"}, Deleted: 1}))

	ignored := f.inStep(7)
	f.nomisOpens(ignored, "2020-01-01")

	accepted := f.inStep(8)
	f.there(http.MethodDelete, accepted, 1, nil)
	f.turn(accepted)
	d := f.living(accepted)
	_, err := f.Store.Accept(t.Context(), d.ID, d.Version, store.Decision{By: "OPERATOR", Reason: "Known"})
	require.NoError(t, err)

	unread := f.inStep(9)
	f.fault("error-503", unread, 0)

	f.Now = f.Now.Add(time.Minute)
	run := f.run(store.Run{Scope: store.ScopeAll, AllowUnchecked: true})
	require.Equal(t, store.Completed, run.Status, run.Failure)
	both, ours, theirs := store.Column{Ours: 1, Theirs: 1, Union: 1}, store.Column{Ours: 1, Union: 1}, store.Column{Theirs: 1, Union: 1}
	two := store.Column{Ours: 2, Theirs: 2, Union: 2}
	require.Equal(t, map[store.Bucket]store.Column{
		store.Same: two, store.Differs: both, store.OnlyHere: ours, store.OnlyThere: theirs, store.MirrorsDisagree: both,
		store.Held: ours, store.IgnoredHere: theirs, store.AcceptedAsIs: ours, store.Unchecked: both,
	}, run.Counts.Buckets)
	require.Equal(t, store.Column{Ours: 8, Theirs: 7, Union: 10}, run.Counts.Total)
	require.Equal(t, map[string]int{"NOMIS does not answer.": 1}, run.Counts.Causes)
	require.Equal(t, 9, run.Counts.Pairs)
	require.Equal(t, 4, run.Counts.Differences())
	require.Positive(t, run.Requests)
	require.Positive(t, run.Position)

	found := f.living(differs)
	require.Equal(t, store.Differs, found.Bucket)
	require.Equal(t, turn.LostMessage, found.Cause)
	told, other := "Told", "Other words"
	require.Equal(t, []store.Field{{Field: "comment", Ours: &told, Theirs: &other}}, found.Fields)
	require.Equal(t, string(plan.OnlyHere), f.living(onlyHere).Problem)
	require.Equal(t, store.OnlyThere, f.living(onlyThere).Bucket)
	require.Equal(t, turn.MirrorDamage, f.living(mirrors).Cause)
	require.Len(t, f.living(mirrors).Fields, 1)
	require.Equal(t, "expiryDate", f.living(mirrors).Fields[0].Field)
	require.True(t, f.living(mirrors).Fields[0].OfMirrors)
	require.Equal(t, store.Held, f.living(held).Bucket)
	require.Equal(t, turn.SeveralOpen, f.living(ignored).Cause)
	require.Equal(t, store.StateAccepted, f.living(accepted).State)
	require.Equal(t, store.Unchecked, f.living(unread).Bucket)
	require.Equal(t, "NOMIS does not answer.", f.living(unread).Why)
	require.Empty(t, f.Writes())
	backlog, err := f.Store.Backlog(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, backlog.Pending, "a run that a person asked for rings nothing")
}

func TestRun_againHealsWhatIsGone(t *testing.T) {
	f := newFixture(t)
	pair := f.inStep(1)
	f.there(http.MethodPatch, pair, 1, map[string]any{"comment": "Other words"})
	run := f.run(store.Run{Scope: store.ScopePairs}, pair)
	require.Equal(t, 1, run.Counts.Differences())
	found := f.living(pair)
	f.there(http.MethodPatch, pair, 1, map[string]any{"comment": "Told"})
	run = f.run(store.Run{Scope: store.ScopePairs}, pair)
	require.Equal(t, store.Column{Ours: 1, Theirs: 1, Union: 1}, run.Counts.Buckets[store.Same])
	healed, err := f.Store.Difference(t.Context(), found.ID)
	require.NoError(t, err)
	require.Equal(t, store.StateHealed, healed.State)
}

func TestUnchecked_failsARunThatDoesNotAllowIt(t *testing.T) {
	f := newFixture(t)
	f.inStep(1)
	f.fault("error-503", pairOf(1), 0)
	run := f.run(store.Run{Scope: store.ScopeAll})
	require.Equal(t, store.Failed, run.Status)
	require.Equal(t, "1 non-associations are unchecked: NOMIS does not answer.", run.Failure)
	require.Equal(t, 2, f.waits, "it was read twice more")
}

// A pair of which nothing is known is not taken for empty.
func TestUnchecked_aPairOfNOMISAloneCounts(t *testing.T) {
	f := newFixture(t)
	f.nomisOpens(pairOf(1), "2021-07-05")
	f.fault("error-503", pairOf(1), 0)
	run := f.run(store.Run{Scope: store.ScopeAll})
	require.Equal(t, store.Failed, run.Status)
	require.Equal(t, store.Column{Theirs: 1, Union: 1}, run.Counts.Buckets[store.Unchecked])
}

func TestUnchecked_aPageThatCannotBeRead(t *testing.T) {
	f := newFixture(t)
	f.inStep(1)
	f.Fault("error-503", 1000)
	run := f.run(store.Run{Scope: store.ScopeAll, AllowUnchecked: true})
	require.Equal(t, store.Completed, run.Status, run.Failure)
	require.Equal(t, 1, run.Counts.Causes["A page of NOMIS's pairs could not be read."])
	require.Equal(t, 1, run.Counts.Causes["NOMIS does not answer."], "what is here is found by key")
	require.Empty(t, run.Counts.Buckets[store.Same])
	require.Empty(t, run.Counts.Mismatch())
}

func TestRun_ofAPairThatNeitherHasCountsNothing(t *testing.T) {
	f := newFixture(t)
	run := f.run(store.Run{Scope: store.ScopePairs}, pairOf(1))
	require.Equal(t, store.Completed, run.Status)
	require.Equal(t, store.Counts{Pairs: 1}, run.Counts)
}
