package audit // about what the package hides: how much it remembers

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

func TestStatesAreForgottenTheOldestFirst(t *testing.T) {
	s := newStates(20)
	pairs := make([]domain.Pair, 100)
	for i := range pairs {
		pair, err := domain.ParsePair(fmt.Sprintf("A%04dAA_B0000BB", i))
		require.NoError(t, err)
		pairs[i] = pair
		s.keep(domain.State{Pair: pair, Items: make([]domain.NonAssociation, 3)}, 7)
		require.LessOrEqual(t, s.held, s.limit)
	}
	require.Len(t, s.byPair, 5)
	_, there := s.before(pairs[99], 8)
	require.True(t, there)
	_, there = s.before(pairs[94], 8)
	require.False(t, there)
	_, there = s.before(pairs[99], 9)
	require.False(t, there, "of another revision")

	s.keep(domain.State{Pair: pairs[0], Items: make([]domain.NonAssociation, 50)}, 7)
	require.Len(t, s.byPair, 1, "one that is too large stays alone")
	s.keep(domain.State{Pair: pairs[0]}, 8)
	require.Equal(t, 1, s.held)
	require.Len(t, s.byPair, s.recent.Len())
}
