package audit

import (
	"container/list"

	"nonassociations/domain"
)

// states remembers the pairs that were folded last, up to a number of
// non-associations in all.
type states struct {
	limit, held int
	recent      *list.List // of remembered, the latest in front
	byPair      map[domain.Pair]*list.Element
}

// remembered is the state of a pair behind the fact of a revision.
type remembered struct {
	state    domain.State
	revision uint64
}

func newStates(limit int) *states {
	return &states{limit: limit, recent: list.New(), byPair: map[domain.Pair]*list.Element{}}
}

// before is the state of the pair behind the fact before that of a revision, if
// it is remembered.
func (s *states) before(pair domain.Pair, revision uint64) (domain.State, bool) {
	if revision == 0 {
		return domain.State{Pair: pair}, true
	}
	element, there := s.byPair[pair]
	if !there {
		return domain.State{}, false
	}
	r := element.Value.(remembered) //nolint:forcetypeassert // nothing else is put in
	return r.state, r.revision == revision-1
}

// keep remembers a state, and forgets the oldest ones when it becomes too much.
// The latest stays, however large it is: its next fact may be the next event.
func (s *states) keep(state domain.State, revision uint64) {
	if element, there := s.byPair[state.Pair]; there {
		s.drop(element)
	}
	s.byPair[state.Pair] = s.recent.PushFront(remembered{state, revision})
	s.held += weight(state)
	for s.held > s.limit && s.recent.Len() > 1 {
		s.drop(s.recent.Back())
	}
}

func (s *states) drop(element *list.Element) {
	state := s.recent.Remove(element).(remembered).state //nolint:forcetypeassert // nothing else is put in
	delete(s.byPair, state.Pair)
	s.held -= weight(state)
}

func weight(s domain.State) int { return 1 + len(s.Items) + len(s.Ignored) + len(s.Left) }
