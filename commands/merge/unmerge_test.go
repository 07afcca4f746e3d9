package merge_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

const wrong = "They are two men"

func (e *fixture) unmerges(message domain.Cause, dryRun bool) []merge.Change {
	e.t.Helper()
	undone, err := e.Undo(e.t.Context(), message, wrong, dryRun)
	require.NoError(e.t, err)
	return undone.Changes
}

func TestUnmerge_bringsEverythingBackAndUndoesWhatTheMergeEnded(t *testing.T) {
	e := newFixture(t)
	theirs, ours, between := e.opens(survivor, third), e.opens(removed, third), e.opens(removed, survivor)
	cause := message()
	e.merges(cause, merging)
	e.does(survivor, third, domain.Close{ID: theirs, ClosedReason: "Meanwhile"})

	size := e.size()
	planned := e.unmerges(cause, true)
	require.Equal(t, size, e.size(), "a dry run appends nothing")
	require.ElementsMatch(t, []merge.Action{merge.Renumbered, merge.Reopened, merge.Restored}, dones(planned))

	require.Equal(t, planned, e.unmerges(cause, false))
	back := e.state(removed, third).Items
	require.Len(t, back, 1)
	require.Equal(t, ours, back[0].ID)
	require.Nil(t, back[0].ExpiryDate)
	require.Empty(t, back[0].ClosedReason)
	require.Equal(t, domain.Victim, back[0].Sides[removed].Role)
	require.Equal(t, removed, back[0].FirstPrisoner)
	restored := e.state(removed, survivor).Items
	require.Equal(t, between, restored[0].ID)
	require.False(t, restored[0].Deleted)
	stays := e.state(survivor, third).Items
	require.Len(t, stays, 1)
	require.Equal(t, "Meanwhile", stays[0].ClosedReason)

	last := facts(t, e.log, domaintest.PairOf(removed, third).Stream())
	arrival := last[len(last)-1]
	require.Equal(t, wrong, arrival.Event.(domain.TransferredIn).Reason)
	require.Equal(t, cause.CommandID, arrival.Meta.CausationID)
	require.Equal(t, removed, arrival.Meta.About)

	size = e.size()
	require.Empty(t, e.unmerges(cause, false), "twice is once")
	require.Empty(t, e.merges(cause, merging), "and the message, delivered again, does not do it again")
	require.Equal(t, size, e.size())
}

func TestUnmerge_keepsWhatWasChangedMeanwhile(t *testing.T) {
	e := newFixture(t)
	e.opens(survivor, third)
	id := e.opens(removed, third)
	cause := message()
	e.merges(cause, merging)
	first := e.state(survivor, third).Items[0].ID
	e.does(survivor, third, domain.Close{ID: first, ClosedReason: "Over"})
	e.does(survivor, third, domain.Reopen{ID: id, ReopenReason: "Again"})
	e.does(survivor, third, domain.Amend{ID: id, Comment: new("Newer")})
	e.does(survivor, third, domain.Close{ID: id, ClosedReason: "By staff"})
	e.unmerges(cause, false)
	n := e.state(removed, third).Items[0]
	require.Equal(t, "Newer", *n.Comment)
	require.Equal(t, "By staff", n.ClosedReason)
}

func TestUnmerge_besideOneThatWasSentMeanwhileItStaysClosed(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	cause := message()
	e.merges(cause, merging)
	later := e.opens(removed, third)
	planned := e.unmerges(cause, true)
	require.Equal(t, []merge.Action{merge.Renumbered, merge.Closed}, dones(planned))
	require.Equal(t, planned, e.unmerges(cause, false), "a dry run says so too")
	back := e.state(removed, third)
	require.Equal(t, later, back.Items[back.NotClosed(domain.Today(noon))].ID)
	require.Len(t, back.Items, 2)
	require.Equal(t, id, back.Items[1].ID)
}

func TestUnmerge_findsWhatLaterMergesTookFurther(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	cause := message()
	e.merges(cause, merging)
	e.merges(message(), merge.Message{Renumbering: domain.Renumbering{Previous: survivor, Number: fourth}})
	e.merges(message(), merge.Message{Renumbering: domain.Renumbering{Previous: third, Number: low}})
	e.unmerges(cause, false)
	require.Equal(t, id, e.state(removed, low).Items[0].ID)
	require.Empty(t, e.state(fourth, low).Items)
}

func TestUnmerge_aDeletedOneStaysWhereItIs(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	cause := message()
	e.merges(cause, merging)
	e.does(survivor, third, domain.Delete{ID: id})
	require.Empty(t, e.unmerges(cause, true))
	require.Empty(t, e.unmerges(cause, false))
	require.True(t, e.state(survivor, third).Items[0].Deleted)
	require.Empty(t, e.state(removed, third).Items)
}

func TestUnmerge_ofAMergeThatWasCutOff(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	log := &interrupted{Store: e.log, after: killedAt(2)}
	cause := message()
	_, err := newService(log).Apply(t.Context(), cause, merging, pairs{e.log})
	require.ErrorIs(t, err, errKilled)
	e.does(survivor, third, domain.Amend{ID: id, Restriction: new(domain.Wing)})
	e.does(removed, third, domain.Amend{ID: id, Comment: new("old side")})
	e.unmerges(cause, false)
	n := e.state(removed, third).Items
	require.Len(t, n, 1)
	require.Equal(t, domain.Wing, n[0].Restriction)
	require.Equal(t, "old side", *n[0].Comment)
	require.Empty(t, e.state(survivor, third).Items)
}

func TestUnmerge_cutOffIsCompletedWhenAskedAgain(t *testing.T) {
	for n := 1; n <= 3; n++ {
		e := newFixture(t)
		e.opens(survivor, third)
		id, between := e.opens(removed, third), e.opens(removed, survivor)
		cause := message()
		e.merges(cause, merging)
		log := &interrupted{Store: e.log, after: func(at int) error {
			if at == n {
				return errKilled
			}
			return nil
		}}
		_, err := newService(log).Undo(t.Context(), cause, wrong, false)
		require.ErrorIs(t, err, errKilled)
		e.unmerges(cause, false)
		require.Equal(t, id, e.state(removed, third).Items[0].ID)
		require.Nil(t, e.state(removed, third).Items[0].ExpiryDate)
		require.False(t, e.state(removed, survivor).Items[0].Deleted)
		require.Equal(t, between, e.state(removed, survivor).Items[0].ID)
		require.Len(t, e.state(survivor, third).Items, 1)
	}
}

// The undoing is killed when it has restored what the merge had deleted, and the
// message comes again before the operator does.
func TestUnmerge_cutOffIsNotUndoneByTheMessage(t *testing.T) {
	for n := 1; n <= 3; n++ {
		e := newFixture(t)
		ours, between := e.opens(removed, third), e.opens(removed, survivor)
		cause := message()
		e.merges(cause, merging)
		_, err := newService(&interrupted{Store: e.log, after: killedAt(n)}).Undo(t.Context(), cause, wrong, false)
		require.ErrorIs(t, err, errKilled)
		e.merges(cause, merging)
		e.unmerges(cause, false)
		require.False(t, item(e.state(removed, survivor), between).Deleted)
		require.Equal(t, []uuid.UUID{ours}, idsIn(e.state(removed, third)))
		require.Empty(t, e.state(survivor, third).Items)
	}
}

// A message that was taken back before it had moved everything moves no more.
func TestUnmerge_ofAMergeThatHadOnlyBegunEndsIt(t *testing.T) {
	for n := 1; n <= 3; n++ {
		e := newFixture(t)
		ids := []uuid.UUID{e.opens(removed, third), e.opens(removed, fourth)}
		cause := message()
		_, err := newService(&interrupted{Store: e.log, after: killedAt(n)}).Apply(t.Context(), cause, merging, pairs{e.log})
		require.ErrorIs(t, err, errKilled)
		e.unmerges(cause, false)
		size := e.size()
		require.Empty(t, e.merges(cause, merging))
		require.Equal(t, size, e.size())
		require.Equal(t, ids, append(idsIn(e.state(removed, third)), idsIn(e.state(removed, fourth))...))
	}
}

func TestUnmerge_ofAMessageThatDidNothingReportsIt(t *testing.T) {
	e := newFixture(t)
	e.opens(removed, third)
	cause := message()
	cause.CommandID = uuid.New()
	_, err := e.Undo(t.Context(), cause, wrong, false)
	require.ErrorIs(t, err, merge.ErrNothingMerged)
}
