package merge_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

func TestMerge_bringsTheRecordToTheSurvivingNumber(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	cause := message()
	require.Equal(t, []merge.Change{{
		NonAssociationID: id, From: domaintest.PairOf(removed, third), To: domaintest.PairOf(survivor, third), Action: merge.Renumbered,
	}}, e.merges(cause, merging))

	there := e.state(survivor, third)
	require.Len(t, there.Items, 1)
	require.Equal(t, domain.Victim, there.Items[0].Sides[survivor].Role)
	require.Empty(t, e.state(removed, third).Items)
	arrival := facts(t, e.log, domaintest.PairOf(survivor, third).Stream())[0]
	require.Equal(t, arrival.ID, there.Items[0].LastEventID)
	require.Equal(t, cause, arrival.Meta.Cause)
	require.Equal(t, domain.EventID(cause.CommandID, domaintest.PairOf(survivor, third).Stream(), 0), arrival.ID)
	require.NotEmpty(t, arrival.Meta.Command)
	require.EqualValues(t, 0, arrival.Event.(domain.TransferredIn).Revision)
}

func TestMerge_closesADuplicateAndDeletesWhatWasBetweenTheTwo(t *testing.T) {
	e := newFixture(t)
	first, duplicate, between, other := e.opens(survivor, third), e.opens(removed, third), e.opens(removed, survivor), e.opens(fourth, third)
	changes := e.merges(message(), merging)
	require.ElementsMatch(t, []merge.Action{merge.Removed, merge.Renumbered, merge.Closed}, dones(changes))

	there := e.state(survivor, third)
	require.Equal(t, first, there.Items[0].ID)
	require.Nil(t, there.Items[0].ExpiryDate)
	require.Equal(t, duplicate, there.Items[1].ID)
	require.Equal(t, "MERGE", there.Items[1].ClosedReason)
	require.Equal(t, "NON_ASSOCIATIONS_API", there.Items[1].ClosedBy)
	gone := e.state(removed, survivor)
	require.Equal(t, between, gone.Items[0].ID)
	require.True(t, gone.Items[0].Deleted)
	last := facts(t, e.log, gone.Pair.Stream())[1]
	require.Equal(t, domain.Merge, last.Meta.Source)
	require.Equal(t, survivor, last.Meta.About)
	require.Equal(t, other, e.state(fourth, third).Items[0].ID)
}

func TestMerge_leavesDeletedOnesWhereTheyAreAndClosingsAsTheyWere(t *testing.T) {
	e := newFixture(t)
	e.opens(survivor, third)
	deleted := e.opens(removed, third)
	e.does(removed, third, domain.Delete{ID: deleted})
	closed := e.opens(removed, third)
	e.does(removed, third, domain.Close{ID: closed, ClosedReason: "Friends", ClosedBy: "BOSS"})
	e.merges(message(), merging)
	require.Equal(t, deleted, e.state(removed, third).Items[0].ID)
	there := e.state(survivor, third).Items
	require.Len(t, there, 2)
	require.Equal(t, "Friends", there[1].ClosedReason)
	require.Equal(t, "BOSS", there[1].ClosedBy)
}

func TestMerge_deliveredAgainChangesNothing(t *testing.T) {
	e := newFixture(t)
	e.opens(removed, third)
	cause := message()
	e.merges(cause, merging)
	size := e.size()
	require.Empty(t, e.merges(cause, merging))
	require.Equal(t, size, e.size())

	_, err := e.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(domaintest.PairOf(removed, fourth), "told later"))
	require.NoError(t, err)
	size = e.size()
	require.Empty(t, e.merges(cause, merging))
	require.Empty(t, e.merges(message(), merging), "another message that says what is known")
	require.Equal(t, size, e.size())
	require.Len(t, e.state(removed, fourth).Items, 1)
}

func TestMerge_isKeptOnceAlsoWhenNothingMoved(t *testing.T) {
	e := newFixture(t)
	e.opens(third, fourth)
	cause := message()
	require.Empty(t, e.merges(cause, merging))
	require.Empty(t, e.merges(cause, merging))
	require.Empty(t, e.merges(message(), merging))
	kept := facts(t, e.log, removed.Stream())
	require.Len(t, kept, 1)
	require.Equal(t, domain.PrisonerMerged{Renumbering: merging.Renumbering, Pairs: []domain.Pair{}}, kept[0].Event)
	require.Equal(t, cause, kept[0].Meta.Cause)
	require.Equal(t, domain.EventID(cause.CommandID, removed.Stream(), 0), kept[0].ID)
}

func TestMerge_aBookingThatMovedRemovesNoNumber(t *testing.T) {
	e := newFixture(t)
	e.opens(removed, third)
	booking := merging
	booking.Booking = true
	require.Len(t, e.merges(message(), booking), 1)
	require.Empty(t, facts(t, e.log, removed.Stream()))
}

func TestMerge_aBookingTakesOnlyWhatWasCreatedInItsSpan(t *testing.T) {
	e := newFixture(t)
	for _, n := range []struct {
		other     domain.PrisonerNumber
		effective domain.LocalDateTime
	}{{third, "2026-01-01T00:00:00"}, {fourth, "2025-12-31T23:59:59"}, {low, "2026-07-15T12:00:00"}, {high, "2026-07-15T12:00:01"}} {
		tell := told(domaintest.PairOf(removed, n.other), "apart")
		tell[0].Sync.Items[0].EffectiveDate = n.effective
		_, err := e.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), tell)
		require.NoError(t, err)
	}
	booking := merging
	booking.Booking = true
	booking.Span = domain.Period{From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Until: noon}
	require.Len(t, e.merges(message(), booking), 2)
	for other, moved := range map[domain.PrisonerNumber]int{third: 1, low: 1, fourth: 0, high: 0} {
		require.Len(t, e.state(survivor, other).Items, moved, other)
		require.Len(t, e.state(removed, other).Items, 1-moved, other)
	}
}

// Between the two steps another writer changes the record, on either side.
// Whatever is said of a record on either side before any append of the merge, or
// while it is cut off there, holds in the end.
func TestMerge_cutOffAnywhereIsCompletedWhenItComesAgain(t *testing.T) {
	for n := 1; n <= 5; n++ {
		for name, cut := range map[string]func(*interrupted, func(int) error){
			"before": func(i *interrupted, hook func(int) error) { i.before = hook },
			"after":  func(i *interrupted, hook func(int) error) { i.after = hook },
		} {
			t.Run(name, func(t *testing.T) {
				e := newFixture(t)
				e.opens(survivor, third)
				ids := []uuid.UUID{e.opens(removed, third), e.opens(removed, fourth)}
				log := &interrupted{Store: e.log}
				cut(log, func(at int) error {
					if at == n {
						return errKilled
					}
					return nil
				})
				cause := message()
				_, err := newService(log).Apply(t.Context(), cause, merging, pairs{e.log})
				require.ErrorIs(t, err, errKilled)
				e.merges(cause, merging)
				require.Equal(t, ids[0], e.state(survivor, third).Items[1].ID)
				require.Equal(t, "MERGE", e.state(survivor, third).Items[1].ClosedReason)
				require.Equal(t, ids[1], e.state(survivor, fourth).Items[0].ID)
				require.Empty(t, e.state(removed, third).Items)
				require.Empty(t, e.state(removed, fourth).Items)
				require.Equal(t, 3+1+3+2, e.size(), "every fact once")
			})
		}
	}
}

func TestStaff_goesOnWhereTheRecordWent(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	e.merges(message(), merging)
	e.merges(message(), onward)
	behind := &router{known: map[uuid.UUID]domain.Pair{id: domaintest.PairOf(removed, third)}}
	h := commands.New(e.log, commands.Options{Clock: clock, Locator: behind})
	first := 0
	if before := e.state(fourth, third).Items[0]; before.FirstPrisoner == third {
		first = 1
	}
	amend := commands.StaffCommand{ID: id, Command: domain.Amend{ID: id}}
	amend.Roles[first] = domain.NotRelevant
	receipt, err := h.Staff(t.Context(), domaintest.NewCause(domain.DPS), amend)
	require.NoError(t, err)
	require.Equal(t, domaintest.PairOf(fourth, third), receipt.Pair)
	require.Equal(t, domain.NotRelevant, receipt.NonAssociation.Sides[fourth].Role)
}

// Several processes at one message, while another writer keeps changing the record
// under the removed number.
// Between any two appends of a message that is killed there, another brings a
// record from one of its pairs to a pair that was not in the list.
// What another message brings from a listed pair goes along; what was said of
// the pair that it brings it to is a later word.
// Two processes at one message have seen different states of the record, and
// append under the same ids: the log takes the one for the other.
func TestMerge_deliveredAgainLetsBeWhatALaterMessageBroughtBack(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	there, back := message(), message()
	booking := merge.Message{Renumbering: domain.Renumbering{Previous: removed, Number: survivor}, Booking: true}
	e.merges(there, booking)
	e.merges(back, merge.Message{Renumbering: domain.Renumbering{Previous: survivor, Number: removed}, Booking: true})
	require.Empty(t, e.merges(there, booking))
	require.Equal(t, id, e.state(removed, third).Items[0].ID)
}
