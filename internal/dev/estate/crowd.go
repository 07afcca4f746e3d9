package estate

import (
	"math/rand/v2"

	"nonassociations/domain"
)

// crowd adds pairs of people of the fullest prison until that many of the new ones are
// open now. It gives up when nearly everybody there is kept apart from everybody.
func (e *Estate) crowd(rng *rand.Rand, open int) {
	people := e.fullest()
	q := enemyPairs{Estate: e, rng: rng, known: map[[2]int]bool{}}
	for _, pair := range e.Pairs {
		q.known[[2]int{min(pair.First, pair.Other), max(pair.First, pair.Other)}] = true
	}
	for tries := 0; open > 0 && tries < len(people)*len(people); tries++ {
		before := len(e.Pairs)
		q.add(pick(rng, people), pick(rng, people), everyday)
		if len(e.Pairs) > before && e.Pairs[before].isOpen() {
			open--
		}
	}
}

// fullest returns the places in Prisoners of the people of the prison that has most.
func (e *Estate) fullest() []int {
	in := map[string][]int{}
	for i, p := range e.Prisoners {
		if domain.PrisonID(p.PrisonID).IsPrison() {
			in[p.PrisonID] = append(in[p.PrisonID], i)
		}
	}
	var most []int
	for _, prison := range e.Prisons { // in their order, so that a tie has one answer
		if len(in[prison.ID]) > len(most) {
			most = in[prison.ID]
		}
	}
	return most
}

// isOpen reports whether a record of the pair has begun and has no end.
func (p Pair) isOpen() bool {
	last := p.Items[len(p.Items)-1]
	return last.ExpiryDate == nil && last.EffectiveDate < ToCome
}
