package commands_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
)

func TestMerge_brings_the_record_to_the_surviving_number(t *testing.T) {
	e := newEstate(t)
	id := e.opens(removed, third)
	cause := message()
	require.Equal(t, []commands.Change{{
		NonAssociationID: id, From: pairOf(t, removed, third), To: pairOf(t, survivor, third), Done: commands.Renumbered,
	}}, e.merges(cause, merge))

	there := e.state(survivor, third)
	require.Len(t, there.Items, 1)
	require.Equal(t, domain.Victim, there.Items[0].Sides[survivor].Role)
	require.Empty(t, e.state(removed, third).Items)
	arrival := facts(t, e.log, pairOf(t, survivor, third))[0]
	require.Equal(t, arrival.ID, there.Items[0].LastFact)
	require.Equal(t, cause, arrival.Meta.Cause)
	require.Equal(t, domain.EventID(cause.CommandID, pairOf(t, survivor, third).Stream(), 0), arrival.ID)
	require.NotEmpty(t, arrival.Meta.Command)
	require.EqualValues(t, 0, arrival.Event.(domain.PrisonerRenumbered).Revision)
}

func TestMerge_closes_a_duplicate_and_deletes_what_was_between_the_two(t *testing.T) {
	e := newEstate(t)
	first, duplicate, between, other := e.opens(survivor, third), e.opens(removed, third), e.opens(removed, survivor), e.opens(fourth, third)
	changes := e.merges(message(), merge)
	require.ElementsMatch(t, []commands.Done{commands.Removed, commands.Renumbered, commands.Shut}, dones(changes))

	there := e.state(survivor, third)
	require.Equal(t, first, there.Items[0].ID)
	require.Nil(t, there.Items[0].ExpiryDate)
	require.Equal(t, duplicate, there.Items[1].ID)
	require.Equal(t, "MERGE", there.Items[1].ClosedReason)
	require.Equal(t, "NON_ASSOCIATIONS_API", there.Items[1].ClosedBy)
	gone := e.state(removed, survivor)
	require.Equal(t, between, gone.Items[0].ID)
	require.True(t, gone.Items[0].Deleted)
	last := facts(t, e.log, gone.Pair)[1]
	require.Equal(t, domain.Merge, last.Meta.Source)
	require.Equal(t, survivor, last.Meta.About)
	require.Equal(t, other, e.state(fourth, third).Items[0].ID)
}

func TestMerge_leaves_deleted_ones_where_they_are_and_closings_as_they_were(t *testing.T) {
	e := newEstate(t)
	e.opens(survivor, third)
	deleted := e.opens(removed, third)
	e.does(removed, third, domain.Delete{ID: deleted})
	closed := e.opens(removed, third)
	e.does(removed, third, domain.Close{ID: closed, ClosedReason: "Friends", ClosedBy: "BOSS"})
	e.merges(message(), merge)
	require.Equal(t, deleted, e.state(removed, third).Items[0].ID)
	there := e.state(survivor, third).Items
	require.Len(t, there, 2)
	require.Equal(t, "Friends", there[1].ClosedReason)
	require.Equal(t, "BOSS", there[1].ClosedBy)
}

func TestMerge_delivered_again_changes_nothing_and_later_words_stay_as_given(t *testing.T) {
	e := newEstate(t)
	e.opens(removed, third)
	cause := message()
	e.merges(cause, merge)
	size := e.size()
	require.Empty(t, e.merges(cause, merge))
	require.Equal(t, size, e.size())

	later := commands.New(e.log, commands.Options{Clock: func() time.Time { return noon.Add(time.Hour) }})
	_, err := later.Tell(t.Context(), by(domain.NOMIS), told(pairOf(t, removed, fourth), "told later"))
	require.NoError(t, err)
	require.Empty(t, e.merges(cause, merge))
	require.Len(t, e.state(removed, fourth).Items, 1)
	require.Len(t, e.merges(message(), merge), 1, "another message says it anew")
	require.Len(t, e.state(survivor, fourth).Items, 1)
}

func TestMerge_of_nobody_known_is_nothing(t *testing.T) {
	e := newEstate(t)
	require.Empty(t, e.merges(message(), merge))
	e.opens(third, fourth)
	require.Empty(t, e.merges(message(), merge))
}

func TestMerge_a_booking_takes_only_what_was_created_in_its_span(t *testing.T) {
	e := newEstate(t)
	for _, n := range []struct {
		other     domain.PrisonerNumber
		effective domain.LocalDateTime
	}{{third, "2026-01-01T00:00:00"}, {fourth, "2025-12-31T23:59:59"}, {low, "2026-07-15T12:00:00"}, {high, "2026-07-15T12:00:01"}} {
		tell := told(pairOf(t, removed, n.other), "apart")
		tell[0].Tell.Items[0].EffectiveDate = n.effective
		_, err := e.Tell(t.Context(), by(domain.NOMIS), tell)
		require.NoError(t, err)
	}
	booking := merge
	booking.Span = domain.Span{From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Until: noon}
	require.Len(t, e.merges(message(), booking), 2)
	for other, moved := range map[domain.PrisonerNumber]int{third: 1, low: 1, fourth: 0, high: 0} {
		require.Len(t, e.state(survivor, other).Items, moved, other)
		require.Len(t, e.state(removed, other).Items, 1-moved, other)
	}
}

// Between the two halves somebody changes the record, on either side.
func TestMerge_newer_facts_are_carried_over_before_it_leaves(t *testing.T) {
	e := newEstate(t)
	id := e.opens(removed, third)
	log := &interrupted{Store: e.log}
	log.before = func(n int) error {
		if n == 2 { // the leave
			e.does(removed, third, domain.Amend{ID: id, Comment: new("old side")})
			e.does(survivor, third, domain.Amend{ID: id, Restriction: new(domain.Wing)})
		}
		return nil
	}
	_, err := newHandler(log).Merge(t.Context(), message(), merge, pairs{e.log})
	require.NoError(t, err)
	there := e.state(survivor, third).Items
	require.Len(t, there, 1)
	require.Equal(t, "old side", *there[0].Comment)
	require.Equal(t, domain.Wing, there[0].Restriction)
	require.Empty(t, e.state(removed, third).Items)
	old := facts(t, e.log, pairOf(t, removed, third))
	require.EqualValues(t, len(old)-2, old[len(old)-1].Event.(domain.PrisonerRenumbered).Revision)
	require.EqualValues(t, len(old)-2, there[0].CameFrom.Revision)
}

func TestMerge_cut_off_anywhere_is_completed_when_it_comes_again(t *testing.T) {
	for n := 1; n <= 4; n++ {
		for name, cut := range map[string]func(*interrupted, func(int) error){
			"before": func(i *interrupted, hook func(int) error) { i.before = hook },
			"after":  func(i *interrupted, hook func(int) error) { i.after = hook },
		} {
			t.Run(name, func(t *testing.T) {
				e := newEstate(t)
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
				_, err := newHandler(log).Merge(t.Context(), cause, merge, pairs{e.log})
				require.ErrorIs(t, err, errKilled)
				e.merges(cause, merge)
				require.Equal(t, ids[0], e.state(survivor, third).Items[1].ID)
				require.Equal(t, "MERGE", e.state(survivor, third).Items[1].ClosedReason)
				require.Equal(t, ids[1], e.state(survivor, fourth).Items[0].ID)
				require.Empty(t, e.state(removed, third).Items)
				require.Empty(t, e.state(removed, fourth).Items)
				require.Equal(t, 3+3+2, e.size(), "every fact once")
			})
		}
	}
}

func TestDoByID_goes_on_where_the_record_went(t *testing.T) {
	e := newEstate(t)
	id := e.opens(removed, third)
	e.merges(message(), merge)
	onward := commands.Merge{Renumbering: domain.Renumbering{Previous: survivor, Number: fourth}}
	e.merges(message(), onward)
	behind := &router{known: map[uuid.UUID]domain.Pair{id: pairOf(t, removed, third)}}
	h := commands.New(e.log, commands.Options{Clock: clock, Router: behind})
	receipt, err := h.DoByID(t.Context(), by(domain.DPS), id, domain.Amend{
		ID: id, Roles: map[domain.PrisonerNumber]domain.Role{removed: domain.NotRelevant},
	})
	require.NoError(t, err)
	require.Equal(t, pairOf(t, fourth, third), receipt.Pair)
	require.Equal(t, domain.NotRelevant, receipt.NonAssociation.Sides[fourth].Role)
}

// Several processes at one message, while somebody keeps changing the record
// under the removed number.
func TestMerge_races_lose_no_word(t *testing.T) {
	e := newEstate(t)
	id := e.opens(removed, third)
	cause := message()
	behind := &router{known: map[uuid.UUID]domain.Pair{id: pairOf(t, removed, third)}}
	var wait sync.WaitGroup
	faults := make([]error, 9)
	for n := range 8 {
		wait.Go(func() { _, faults[n] = newHandler(e.log).Merge(context.Background(), cause, merge, pairs{e.log}) })
	}
	wait.Go(func() {
		h := commands.New(e.log, commands.Options{Clock: clock, Router: behind})
		for n := range 20 {
			_, err := h.DoByID(context.Background(), by(domain.DPS), id, domain.Amend{ID: id, Comment: new(strconv.Itoa(n))})
			faults[8] = errors.Join(faults[8], err)
		}
	})
	wait.Wait()
	require.NoError(t, errors.Join(faults...))
	require.Empty(t, e.state(removed, third).Items)
	require.Equal(t, "19", *e.state(survivor, third).Items[0].Comment)
}

// While one message works on its pairs, another brings a record from one of
// them to a pair that was not in the list.
func TestMerge_follows_what_another_message_moves_meanwhile(t *testing.T) {
	e := newEstate(t)
	id := e.opens(removed, third)
	theirs := commands.Merge{Renumbering: domain.Renumbering{Previous: third, Number: fourth, Reason: domain.ByMerge}}
	log := &interrupted{Store: e.log, loaded: func(n int) {
		if n == 1 {
			e.merges(message(), theirs)
		}
	}}
	cause := message()
	_, err := newHandler(log).Merge(t.Context(), cause, merge, pairs{e.log})
	require.NoError(t, err)
	require.Equal(t, id, e.state(survivor, fourth).Items[0].ID)
	require.Empty(t, e.state(removed, fourth).Items)
	require.Empty(t, e.state(survivor, third).Items)
}

func TestMerge_delivered_again_lets_be_what_a_later_message_brought_back(t *testing.T) {
	e := newEstate(t)
	id := e.opens(removed, third)
	cause := message()
	e.merges(cause, merge)
	e.merges(message(), commands.Merge{Renumbering: domain.Renumbering{Previous: survivor, Number: removed, Reason: domain.ByMerge}})
	require.Empty(t, e.merges(cause, merge))
	require.Equal(t, id, e.state(removed, third).Items[0].ID)
}
