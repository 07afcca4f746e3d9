package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

func TestLargePrison_hasEachPairOnceAndSomeInOneWing(t *testing.T) {
	prison := newLargePrison(inPrison)
	next, seen, near := prison.pairs(), map[domain.Pair]bool{}, 0
	for range pairsInPrison {
		one, other := next()
		pair, err := domain.NewPair(domain.PrisonerNumber(one), domain.PrisonerNumber(other))
		require.NoError(t, err)
		seen[pair] = true
		a, found := prison.Find(domain.PrisonerNumber(one))
		require.True(t, found)
		b, _ := prison.Find(domain.PrisonerNumber(other))
		if a.CellLocation[0] == b.CellLocation[0] {
			near++
		}
	}
	require.Len(t, seen, pairsInPrison)
	require.InDelta(t, pairsInPrison/11, near, pairsInPrison/50)
	_, found := prison.Find("Z9999ZZ")
	require.False(t, found)
}
