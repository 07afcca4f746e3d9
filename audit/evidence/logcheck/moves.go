package logcheck

import (
	"cmp"
	"slices"

	"nonassociations/eventstore"
)

// run is a number of leaves that stand in the log one behind the other, in their order.
type run struct {
	leaf, fact int64 // of the first
	length     int64
	at         eventstore.Position // of the first
}

// moved returns the runs that were moved: the fewest leaves without which the others are in
// their order. They are all runs but those of the heaviest increasing sequence. last is the
// ordinal of the last fact in its place, -1 when there is none.
func moved(runs []run) (moves []run, last int64) {
	byFact, byLeaf := slices.Clone(runs), slices.Clone(runs)
	slices.SortFunc(byFact, func(a, b run) int { return cmp.Compare(a.fact, b.fact) })
	slices.SortFunc(byLeaf, func(a, b run) int { return cmp.Compare(a.leaf, b.leaf) })
	weights := make([]int64, len(runs))
	before := make([]int, len(runs)) // the run before it in the heaviest sequence that ends with it, -1: none
	best := newHeaviest(len(runs))
	for i, r := range byFact {
		rank, _ := slices.BinarySearchFunc(byLeaf, r.leaf, func(r run, leaf int64) int { return cmp.Compare(r.leaf, leaf) })
		before[i] = best.below(rank, weights)
		if weights[i] = r.length; before[i] >= 0 {
			weights[i] += weights[before[i]]
		}
		best.add(rank, i, weights)
	}
	stays := make([]bool, len(runs))
	last = -1
	for i := best.below(len(runs), weights); i >= 0; i = before[i] {
		stays[i] = true
		last = max(last, byFact[i].fact+byFact[i].length-1)
	}
	for i, r := range byFact {
		if !stays[i] {
			moves = append(moves, r)
		}
	}
	return moves, last
}

// heaviest is a Fenwick tree: of each prefix of ranks, the entry with the largest weight.
type heaviest []int

func newHeaviest(n int) heaviest {
	h := make(heaviest, n+1)
	for i := range h {
		h[i] = -1
	}
	return h
}

// below returns the heaviest entry with a rank below, -1 when there is none.
func (h heaviest) below(rank int, weights []int64) int {
	best := -1
	for ; rank > 0; rank -= rank & -rank {
		best = heavier(best, h[rank], weights)
	}
	return best
}

func (h heaviest) add(rank, entry int, weights []int64) {
	for rank++; rank < len(h); rank += rank & -rank {
		h[rank] = heavier(h[rank], entry, weights)
	}
}

func heavier(a, b int, weights []int64) int {
	if a < 0 || (b >= 0 && weights[b] > weights[a]) {
		return b
	}
	return a
}
