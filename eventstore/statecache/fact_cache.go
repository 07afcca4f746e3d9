package statecache

import (
	"container/list"
	"context"
	"sync"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// FactCache remembers states of pairs for many who go through one log at once, each
// at a place of its own, up to a number of non-associations in all. A state
// belongs to the fact that made it, so that readers at different places never
// mistake each other's. It is safe for concurrent use.
type FactCache struct {
	log       eventstore.Store
	catalogue domain.Catalogue
	limit     int

	mu     sync.Mutex
	size   int
	recent *list.List // of cached, the latest in front
	byFact map[fact]*list.Element
}

// fact is the place of a fact in its pair.
type fact struct {
	pair     domain.Pair
	revision uint64
}

type cached struct {
	state domain.State
	fact  fact
}

// NewFactCache makes a cache of at most limit non-associations that remembers
// nothing.
func NewFactCache(log eventstore.Store, limit int) *FactCache {
	return &FactCache{log: log, catalogue: domain.Events(), limit: limit, recent: list.New(), byFact: map[fact]*list.Element{}}
}

// StateBefore is the state of the pair before the fact of a revision, from the log
// where it is not remembered. It is shared: never change it.
func (c *FactCache) StateBefore(ctx context.Context, pair domain.Pair, revision uint64) (domain.State, error) {
	if revision > 0 {
		if state, there := c.find(fact{pair, revision - 1}); there {
			return state, nil
		}
	}
	return read(ctx, c.log, c.catalogue, domain.State{Pair: pair}, 0, revision)
}

func (c *FactCache) find(of fact) (domain.State, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, there := c.byFact[of]
	if !there {
		return domain.State{}, false
	}
	c.recent.MoveToFront(element)
	return element.Value.(cached).state, true //nolint:forcetypeassert // nothing else is put in
}

// Put remembers the state behind the fact of a revision, and forgets the
// oldest ones when it becomes too much. A state that is too large by itself is
// not kept.
func (c *FactCache) Put(state domain.State, revision uint64) {
	if weight(state) > c.limit {
		return
	}
	of := fact{state.Pair, revision}
	c.mu.Lock()
	defer c.mu.Unlock()
	if element, there := c.byFact[of]; there {
		c.recent.MoveToFront(element)
		return
	}
	c.byFact[of] = c.recent.PushFront(cached{state, of})
	c.size += weight(state)
	for c.size > c.limit {
		oldest := c.recent.Remove(c.recent.Back()).(cached) //nolint:forcetypeassert // nothing else is put in
		delete(c.byFact, oldest.fact)
		c.size -= weight(oldest.state)
	}
}
