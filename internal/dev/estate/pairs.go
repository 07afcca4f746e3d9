package estate

import "math/rand/v2"

// enemyPairs generates the pairs. Their degree is as uneven as in practice: most
// prisoners have none, and a few have dozens.
type enemyPairs struct {
	*Estate

	rng   *rand.Rand
	near  map[string][]int // places in Prisoners by prison
	known map[[2]int]bool
}

// makePairs fills Pairs. The order of the three steps is part of what a seed means.
func (e *Estate) makePairs(rng *rand.Rand) {
	q := enemyPairs{Estate: e, rng: rng, near: map[string][]int{}, known: map[[2]int]bool{}}
	for i, p := range e.Prisoners {
		q.near[p.PrisonID] = append(q.near[p.PrisonID], i)
	}
	q.neighbours()
	q.gangs()
	q.manyEnemies()
}

// neighbours makes the usual pairs: one prisoner in seven has one to three of them.
func (q *enemyPairs) neighbours() {
	for i := range q.Prisoners {
		if q.rng.IntN(7) != 0 {
			continue
		}
		for range 1 + q.rng.IntN(3) {
			q.add(i, q.neighbourOf(i), everyday)
		}
	}
}

// gangs generates groups of up to nine prisoners. Each member is kept apart from each
// other one.
func (q *enemyPairs) gangs() {
	for range len(q.Prisoners) / 400 {
		members := []int{q.rng.IntN(len(q.Prisoners))}
		for range 3 + q.rng.IntN(6) {
			members = append(members, q.neighbourOf(members[0]))
		}
		for k, member := range members {
			for _, other := range members[k+1:] {
				q.add(member, other, gang)
			}
		}
	}
}

// manyEnemies makes the few prisoners with very many pairs; any estate has one.
func (q *enemyPairs) manyEnemies() {
	for range 1 + len(q.Prisoners)/4000 {
		i := q.rng.IntN(len(q.Prisoners))
		for range 20 + q.rng.IntN(41) {
			q.add(i, q.rng.IntN(len(q.Prisoners)), everyday)
		}
	}
}

// neighbourOf draws a prisoner, in nine of ten cases one of the same prison. It may
// return i.
func (q *enemyPairs) neighbourOf(i int) int {
	if q.rng.IntN(10) == 0 {
		return q.rng.IntN(len(q.Prisoners))
	}
	return pick(q.rng, q.near[q.Prisoners[i].PrisonID])
}

// add generates the records of a pair. It does nothing for a known pair or for one
// prisoner twice.
func (q *enemyPairs) add(first, other int, kind kind) {
	key := [2]int{min(first, other), max(first, other)}
	if first == other || q.known[key] {
		return
	}
	q.known[key] = true
	life := history{rng: q.rng, kind: kind, other: q.Prisoners[other].Number}
	q.Pairs = append(q.Pairs, Pair{First: first, Other: other, Items: life.items()})
}
