package merge_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore/memory"
)

// killedAt kills a process behind its n-th append.
func killedAt(n int) func(int) error {
	return func(at int) error {
		if at == n {
			return errKilled
		}
		return nil
	}
}

func renumber(previous, number domain.PrisonerNumber) merge.Message {
	return merge.Message{Renumbering: domain.Renumbering{Previous: previous, Number: number, Reason: domain.ByMerge}}
}

// places counts the pairs that have each non-association.
func places(t require.TestingT, people []domain.PrisonerNumber, state func(domain.Pair) domain.State) map[uuid.UUID]int {
	found := map[uuid.UUID]int{}
	for i, one := range people {
		for _, other := range people[i+1:] {
			pair, err := domain.NewPair(one, other)
			require.NoError(t, err)
			for _, n := range state(pair).Items {
				found[n.ID]++
			}
		}
	}
	return found
}

// A merge is killed when the record has arrived and not left, and then the one
// that brought the record there is taken back.
func TestUnmerge_completesAMoveOfAnotherThatWasCutOff(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	first, second := message(), message()
	e.merges(first, renumber(third, fourth))
	killed := newService(&interrupted{Store: e.log, after: killedAt(2)})
	_, err := killed.Apply(t.Context(), second, merging, pairs{e.log})
	require.ErrorIs(t, err, errKilled)
	require.Len(t, e.state(removed, fourth).Items, 1)
	require.Len(t, e.state(survivor, fourth).Items, 1)

	e.unmerges(first, false)
	e.merges(second, merging)
	require.Equal(t, id, e.state(survivor, third).Items[0].ID)
	for _, pair := range [][2]domain.PrisonerNumber{{removed, third}, {removed, fourth}, {survivor, fourth}} {
		require.Empty(t, e.state(pair[0], pair[1]).Items)
	}
}

// The same with a merge in place of the undoing, of either number.
func TestMerge_completesAMoveOfAnotherThatWasCutOff(t *testing.T) {
	for _, next := range []merge.Message{renumber(survivor, fourth), renumber(third, fourth)} {
		e := newFixture(t)
		id := e.opens(removed, third)
		cause := message()
		killed := newService(&interrupted{Store: e.log, after: killedAt(2)})
		_, err := killed.Apply(t.Context(), cause, merging, pairs{e.log})
		require.ErrorIs(t, err, errKilled)
		e.does(survivor, third, domain.Amend{ID: id, Comment: new("Newer")})
		e.merges(message(), next)
		e.merges(cause, merging)
		there := e.state(next.Of(domain.NonAssociation{FirstPrisoner: survivor}).FirstPrisoner, next.Of(domain.NonAssociation{FirstPrisoner: third}).FirstPrisoner)
		require.Equal(t, id, there.Items[0].ID)
		require.Equal(t, "Newer", *there.Items[0].Comment)
		require.Empty(t, e.state(survivor, third).Items)
		require.Empty(t, e.state(removed, third).Items)
		require.Empty(t, e.state(removed, fourth).Items)
	}
}

// A chain of merges and their undoings, each killed anywhere; an undoing is asked
// for again when it was, and a merge delivered at the end: every record is in
// one place then.
func TestProperty_aChainCutOffAndTakenBackLeavesNoCopy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &interleaving{T: t, log: memory.New(), opened: map[uuid.UUID]bool{}}
		pair, err := domain.NewPair(removed, third)
		require.NoError(t, err)
		receipt, err := newService(w.log).Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Open{
			FirstPrisoner: removed, Reason: domain.Threat, Restriction: domain.Cell, Comment: "apart",
			Roles: map[domain.PrisonerNumber]domain.Role{removed: domain.Victim, third: domain.Perpetrator},
		})
		require.NoError(t, err)
		w.opened[receipt.NonAssociation.ID] = true
		w.messages = []delivery{{message(), renumber(third, fourth)}, {message(), merging}, {message(), renumber(survivor, low)}}
		for n := range rapid.IntRange(2, 8).Draw(t, "steps") {
			d := rapid.SampledFrom(w.messages).Draw(t, "message")
			cut := rapid.IntRange(0, 4).Draw(t, "cut")
			h := newService(&interrupted{Store: w.log, after: func(at int) error {
				if at == cut {
					return errKilled
				}
				return nil
			}})
			if rapid.IntRange(0, 2).Draw(t, "back") == 0 {
				if _, err = h.Undo(t.Context(), d.cause, wrong, false); errors.Is(err, errKilled) { // the operator asks again
					_, err = newService(w.log).Undo(t.Context(), d.cause, wrong, false)
				}
			} else {
				_, err = h.Apply(t.Context(), d.cause, d.message, pairs{w.log})
			}
			require.True(t, err == nil || errors.Is(err, errKilled) || errors.Is(err, merge.ErrNothingMerged), "step %d: %v", n, err)
		}
		w.calm()
		w.checkEveryDecision()
		for id, count := range places(t, append(slices.Clone(people), low), w.state) {
			require.Equal(t, 1, count, id)
		}
	})
}
