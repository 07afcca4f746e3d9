package merge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/commands/merge"
	"nonassociations/domain"
)

var onward = merge.Message{Renumbering: domain.Renumbering{Previous: survivor, Number: fourth, Reason: domain.ByMerge}}

func TestUnmerge_ofAChainInEitherOrder(t *testing.T) {
	for _, earlierFirst := range []bool{true, false} {
		e := newFixture(t)
		id := e.opens(removed, third)
		first, second := message(), message()
		e.merges(first, merging)
		e.merges(second, onward)
		if earlierFirst {
			e.unmerges(first, false)
			require.Empty(t, e.unmerges(second, false), "nothing is left to take back")
		} else {
			e.unmerges(second, false)
			require.Equal(t, id, e.state(survivor, third).Items[0].ID)
			e.unmerges(first, false)
		}
		require.Equal(t, id, e.state(removed, third).Items[0].ID)
		require.Empty(t, e.state(survivor, third).Items)
		require.Empty(t, e.state(fourth, third).Items)
	}
}

// The undoing of a merge of the other prisoner, or of a later one, does not
// hide this one.
func TestUnmerge_followsOtherUndoings(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	first, second, others := message(), message(), message()
	e.merges(first, merging)
	e.merges(second, onward)
	e.merges(others, merge.Message{Renumbering: domain.Renumbering{Previous: third, Number: low, Reason: domain.ByMerge}})
	e.unmerges(second, false)
	require.Equal(t, id, e.state(survivor, low).Items[0].ID)
	e.unmerges(first, false)
	require.Equal(t, id, e.state(removed, low).Items[0].ID)
	e.unmerges(others, false)
	require.Equal(t, id, e.state(removed, third).Items[0].ID)
}
