package merge_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// orders are all orders of three.
func orders(three []delivery) [][]delivery {
	a, b, c := three[0], three[1], three[2]
	return [][]delivery{{a, b, c}, {a, c, b}, {b, a, c}, {b, c, a}, {c, a, b}, {c, b, a}}
}

func chain() []delivery {
	return []delivery{
		{message(), renumber(removed, survivor)}, {message(), renumber(survivor, fourth)}, {message(), renumber(fourth, low)},
	}
}

// A move was cut off, and then the number that it went to was removed: it is
// finished where it was going, so that no second copy is made further on.
func TestMerge_finishesAMoveToANumberThatWasRemovedSince(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	first, second := message(), message()
	cut := func(n int, cause domain.Cause, m merge.Message) {
		_, err := newService(&interrupted{Store: e.log, after: killedAt(n)}).Apply(t.Context(), cause, m, pairs{e.log})
		require.ErrorIs(t, err, errKilled)
	}
	cut(2, first, merging)
	cut(1, second, onward)
	e.merges(first, merging)
	require.Equal(t, 1, places(t, []domain.PrisonerNumber{removed, survivor, third, fourth}, func(pair domain.Pair) domain.State {
		numbers := pair.Numbers()
		return e.state(numbers[0], numbers[1])
	})[id])
	e.merges(second, onward)
	require.Equal(t, []uuid.UUID{id}, idsIn(e.state(fourth, third)))
}

func idsIn(s domain.State) []uuid.UUID {
	var ids []uuid.UUID
	for _, n := range s.Items {
		ids = append(ids, n.ID)
	}
	return ids
}

func TestMerge_aFactNamesTheWayThatItTook(t *testing.T) {
	e := newFixture(t)
	e.opens(removed, third)
	e.merges(message(), renumber(survivor, fourth))
	e.merges(message(), renumber(fourth, low))
	cause := message()
	e.merges(cause, merging)
	arrived := facts(t, e.log, domaintest.PairOf(low, third).Stream())[0]
	in := arrived.Event.(domain.TransferredIn)
	require.Equal(t, domain.Renumbering{Previous: removed, Number: low, Reason: domain.ByMerge}, in.Renumbering)
	require.Equal(t, []domain.PrisonerNumber{survivor, fourth}, in.Via)
	require.Equal(t, low, arrived.Meta.About, "about the number that survives")
	kept := facts(t, e.log, removed.Stream())[0].Event.(domain.PrisonerMerged)
	require.Equal(t, survivor, kept.Number, "kept as it was told")
}

func TestMerge_inACircleChangesNothing(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	e.merges(message(), merging)
	e.merges(message(), onward)
	size := e.size()
	for _, m := range []merge.Message{
		renumber(survivor, removed), renumber(fourth, removed), renumber(fourth, survivor), renumber(fourth, fourth),
	} {
		_, err := e.Apply(t.Context(), message(), m, pairs{e.log})
		require.ErrorIs(t, err, merge.ErrCircle)
	}
	require.Equal(t, size, e.size())
	require.Equal(t, id, e.state(fourth, third).Items[0].ID)
}

// A merge that stood in the way of a circle is taken back: the number at which
// the circle closes counts, and nothing goes round for ever.
func TestMerge_aCircleThatAnUndoingClosesHasAnEnd(t *testing.T) {
	e := newFixture(t)
	e.merges(message(), renumber(removed, survivor))
	second := message()
	e.merges(second, renumber(removed, third))
	e.merges(message(), renumber(survivor, removed))
	e.unmerges(second, false)
	id := e.opens(fourth, low)
	e.merges(message(), renumber(fourth, removed))
	require.Equal(t, id, e.state(removed, low).Items[0].ID)
}

// Those that a merge made one prisoner, also by way of others, are not kept apart.
func TestMerge_deletesWhatIsBetweenTwoNumbersAtEitherEndOfAWay(t *testing.T) {
	for _, order := range orders(chain()) {
		e := newFixture(t)
		ids := []uuid.UUID{e.opens(removed, low), e.opens(removed, survivor), e.opens(survivor, fourth)}
		for _, d := range order {
			e.merges(d.cause, d.message)
		}
		numbers := []domain.PrisonerNumber{removed, survivor, fourth, low}
		live := 0
		deleted := map[uuid.UUID]bool{}
		for i, one := range numbers {
			for _, other := range numbers[i+1:] {
				for _, n := range e.state(one, other).Items {
					deleted[n.ID] = deleted[n.ID] || n.Deleted
					if !n.Deleted {
						live++
					}
				}
			}
		}
		require.Zero(t, live)
		for _, id := range ids {
			require.True(t, deleted[id])
		}
	}
}

// A word that came later of two numbers, both of which were merged into a third.
func TestMerge_deletesWhatIsBetweenTwoNumbersOfOneSurvivor(t *testing.T) {
	e := newFixture(t)
	e.merges(message(), onward)
	id := e.opens(removed, survivor)
	require.Equal(t, []merge.Action{merge.Removed}, dones(e.merges(message(), renumber(removed, fourth))))
	require.True(t, item(e.state(removed, survivor), id).Deleted)
	require.Empty(t, e.state(fourth, survivor).Items)
}

// The later merge of a way is wrong: what came through it belongs to the number
// before it, whichever message brought it.
func TestUnmerge_ofAMergeThatOthersWentThrough(t *testing.T) {
	e := newFixture(t)
	first, second, last := message(), message(), message()
	id, theirs := e.opens(removed, third), e.opens(fourth, third)
	e.merges(last, renumber(fourth, low))
	e.merges(second, onward)
	e.merges(first, merging)
	require.Len(t, e.state(low, third).Items, 2)
	require.Equal(t, "MERGE", item(e.state(low, third), id).ClosedReason)

	planned := e.unmerges(second, true)
	require.Equal(t, planned, e.unmerges(second, false))
	back := item(e.state(survivor, third), id)
	require.Equal(t, id, back.ID)
	require.Empty(t, back.ClosedReason, "it met nothing there")
	require.Equal(t, []uuid.UUID{theirs}, idsIn(e.state(low, third)))
	require.Empty(t, e.unmerges(second, false))

	e.unmerges(first, false)
	require.Equal(t, []uuid.UUID{id}, idsIn(e.state(removed, third)))
	e.unmerges(last, false)
	require.Equal(t, []uuid.UUID{theirs}, idsIn(e.state(fourth, third)))
	for _, n := range []domain.PrisonerNumber{removed, survivor, fourth} {
		require.Empty(t, e.merges(first, merging), "a message that was taken back acts no more")
		_, is := e.current(n)
		require.False(t, is)
	}
}

func item(s domain.State, id uuid.UUID) domain.NonAssociation {
	if i := s.Find(id); i >= 0 {
		return s.Items[i]
	}
	return domain.NonAssociation{}
}

// current is the merge that removes a number.
func (e *fixture) current(number domain.PrisonerNumber) (domain.Merging, bool) {
	removal := domain.Removal{Number: number}
	for _, fact := range facts(e.t, e.log, number.Stream()) {
		removal = removal.Evolve(fact)
	}
	return removal.Current()
}

func TestUnmerge_returnsTheNumberOnce(t *testing.T) {
	e := newFixture(t)
	cause := message()
	e.merges(cause, merging)
	undone, err := e.Undo(t.Context(), cause, wrong, true)
	require.NoError(t, err)
	require.Equal(t, merge.Undone{Returned: removed}, undone)
	_, is := e.current(removed)
	require.True(t, is, "a dry run appends nothing")

	undone, err = e.Undo(t.Context(), cause, wrong, false)
	require.NoError(t, err)
	require.Equal(t, merge.Undone{Returned: removed}, undone)
	kept := facts(t, e.log, removed.Stream())
	require.Equal(t, domain.PrisonerUnmerged{
		Renumbering: domain.Renumbering{Previous: removed, Number: survivor, Reason: wrong}, Message: cause.CommandID,
	}, kept[1].Event)
	require.Equal(t, cause.CommandID, kept[1].Meta.CausationID)
	require.Equal(t, removed, kept[1].Meta.About)

	undone, err = e.Undo(t.Context(), cause, wrong, false)
	require.NoError(t, err)
	require.Equal(t, merge.Undone{}, undone)
	e.merges(message(), merging)
	_, is = e.current(removed)
	require.True(t, is, "another message may say it anew")
}

// The one that stood there is closed as the looser of the two, and is open again
// when the merge is taken back, unless a later word closed it too.
func TestUnmerge_reopensTheOneThatStoodThere(t *testing.T) {
	for _, meanwhile := range []bool{false, true} {
		e := newFixture(t)
		stood, came := e.opens(survivor, third), e.opens(removed, third)
		e.does(removed, third, domain.Amend{ID: came, Restriction: new(domain.Wing)})
		cause := message()
		require.ElementsMatch(t, []merge.Action{merge.Renumbered, merge.Closed}, dones(e.merges(cause, merging)))
		require.Equal(t, "MERGE", item(e.state(survivor, third), stood).ClosedReason)
		require.Nil(t, item(e.state(survivor, third), came).ExpiryDate)
		expected := []merge.Action{merge.Renumbered, merge.Reopened}
		if meanwhile {
			e.does(survivor, third, domain.Delete{ID: stood})
			expected = expected[:1]
		}
		planned := e.unmerges(cause, true)
		require.ElementsMatch(t, expected, dones(planned))
		require.Equal(t, planned, e.unmerges(cause, false))
		require.Equal(t, meanwhile, item(e.state(survivor, third), stood).Deleted)
		require.Equal(t, meanwhile, item(e.state(survivor, third), stood).ExpiryDate != nil)
		require.Equal(t, []uuid.UUID{came}, idsIn(e.state(removed, third)))
	}
}
