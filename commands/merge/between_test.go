package merge_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

func TestMerge_newerFactsAreCarriedOverBeforeItLeaves(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	log := &interrupted{Store: e.log}
	log.before = func(n int) error {
		if n == 3 { // the leave
			e.does(removed, third, domain.Amend{ID: id, Comment: new("old side")})
			e.does(survivor, third, domain.Amend{ID: id, Restriction: new(domain.Wing)})
		}
		return nil
	}
	_, err := newService(log).Apply(t.Context(), message(), merging, pairs{e.log})
	require.NoError(t, err)
	there := e.state(survivor, third).Items
	require.Len(t, there, 1)
	require.Equal(t, "old side", *there[0].Comment)
	require.Equal(t, domain.Wing, there[0].Restriction)
	require.Empty(t, e.state(removed, third).Items)
	old := facts(t, e.log, domaintest.PairOf(removed, third).Stream())
	require.EqualValues(t, len(old)-2, old[len(old)-1].Event.(domain.TransferredOut).Revision)
	require.EqualValues(t, len(old)-2, there[0].TransferredFrom.Revision)
}

func TestMerge_forgetsNothingThatWasSaidBetweenItsAppends(t *testing.T) {
	for _, cut := range []bool{false, true} {
		for n := 1; n <= 3; n++ {
			for name, c := range map[string]struct {
				command func(id uuid.UUID) domain.Command
				holds   func(domain.NonAssociation) bool
			}{
				"deleted": {
					func(id uuid.UUID) domain.Command { return domain.Delete{ID: id} },
					func(n domain.NonAssociation) bool { return n.Deleted },
				},
				"closed": {
					func(id uuid.UUID) domain.Command { return domain.Close{ID: id, ClosedReason: "over"} },
					func(n domain.NonAssociation) bool { return n.ClosedReason == "over" && n.ExpiryDate != nil },
				},
				"amended": {
					func(id uuid.UUID) domain.Command { return domain.Amend{ID: id, Comment: new("newer")} },
					func(n domain.NonAssociation) bool { return *n.Comment == "newer" },
				},
			} {
				for _, side := range []domain.PrisonerNumber{removed, survivor} {
					e := newFixture(t)
					id := e.opens(removed, third)
					log := &interrupted{Store: e.log, before: func(at int) error {
						if at != n {
							return nil
						}
						if item(e.state(side, third), id).ID == id {
							e.does(side, third, c.command(id))
						} else {
							e.does(removed, third, c.command(id))
						}
						if cut {
							return errKilled
						}
						return nil
					}}
					cause := message()
					_, err := newService(log).Apply(t.Context(), cause, merging, pairs{e.log})
					require.Equal(t, cut, errors.Is(err, errKilled), err)
					e.merges(cause, merging)
					left, there := item(e.state(removed, third), id), item(e.state(survivor, third), id)
					if left.ID == id { // deleted before anything arrived: it stays where it is
						require.True(t, left.Deleted && there.ID == uuid.Nil, "%s %d", name, n)
						continue
					}
					require.True(t, c.holds(there), "%s on the side of %s before append %d, cut: %v", name, side, n, cut)
				}
			}
		}
	}
}

func TestMerge_racesLoseNoWord(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	cause := message()
	behind := &router{known: map[uuid.UUID]domain.Pair{id: domaintest.PairOf(removed, third)}}
	var wait sync.WaitGroup
	faults := make([]error, 9)
	for n := range 8 {
		wait.Go(func() { _, faults[n] = newService(e.log).Apply(context.Background(), cause, merging, pairs{e.log}) })
	}
	wait.Go(func() {
		h := commands.New(e.log, commands.Options{Clock: clock, Locator: behind})
		for n := range 20 {
			_, err := h.ExecuteByID(context.Background(), domaintest.NewCause(domain.DPS), id, domain.Amend{ID: id, Comment: new(strconv.Itoa(n))})
			faults[8] = errors.Join(faults[8], err)
		}
	})
	wait.Wait()
	require.NoError(t, errors.Join(faults...))
	require.Empty(t, e.state(removed, third).Items)
	require.Equal(t, "19", *e.state(survivor, third).Items[0].Comment)
}

func TestMerge_followsWhatAnotherMessageMovesMeanwhile(t *testing.T) {
	for n := 1; n <= 3; n++ {
		e := newFixture(t)
		id := e.opens(removed, third)
		cause := message()
		_, err := newService(&interrupted{Store: e.log, after: killedAt(n)}).Apply(t.Context(), cause, merging, pairs{e.log})
		require.ErrorIs(t, err, errKilled)
		e.merges(message(), renumber(third, fourth))
		e.merges(cause, merging)
		require.Equal(t, id, e.state(survivor, fourth).Items[0].ID)
		for _, pair := range [][2]domain.PrisonerNumber{{removed, third}, {removed, fourth}, {survivor, third}} {
			require.Empty(t, e.state(pair[0], pair[1]).Items)
		}
	}
}

func TestMerge_takesFromAPairThatIsNotListedOnlyWhatWasBroughtThere(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	cause := message()
	_, err := newService(&interrupted{Store: e.log, after: killedAt(1)}).Apply(t.Context(), cause, merging, pairs{e.log})
	require.ErrorIs(t, err, errKilled)
	later := e.opens(removed, fourth)
	e.does(removed, fourth, domain.Close{ID: later, ClosedReason: "over"})
	e.merges(message(), renumber(third, fourth))
	e.merges(cause, merging)
	require.Equal(t, []uuid.UUID{id}, idsIn(e.state(survivor, fourth)))
	require.Equal(t, []uuid.UUID{later}, idsIn(e.state(removed, fourth)))
}

func TestMerge_ofTwoProcessesLetsNothingLeaveThatDidNotArrive(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	cause := message()
	slow := &interrupted{Store: e.log}
	slow.before = func(n int) error {
		if n != 2 {
			return nil
		}
		arrival := slow.last // what the slow one is about to append
		e.does(removed, third, domain.Amend{ID: id, Comment: new("Newer")})
		quick := &interrupted{Store: e.log}
		quick.before = func(n int) error {
			if n == 1 {
				_, err := e.log.Append(t.Context(), arrival)
				return err
			}
			return nil
		}
		_, err := newService(quick).Apply(t.Context(), cause, merging, pairs{e.log})
		return err
	}
	_, err := newService(slow).Apply(t.Context(), cause, merging, pairs{e.log})
	require.NoError(t, err)
	require.Equal(t, "Newer", *e.state(survivor, third).Items[0].Comment)
	require.Empty(t, e.state(removed, third).Items)
}
