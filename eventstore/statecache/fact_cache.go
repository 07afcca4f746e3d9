package statecache

import (
	"container/list"
	"context"
	"sync"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// FactCache caches states of pairs for several readers of one log, each at a position
// of its own. The key is the fact that led to the state, so a reader never gets the
// state of another position. It is safe for concurrent use.
type FactCache struct {
	log       eventstore.Store
	catalogue domain.Catalogue
	limit     int

	mu     sync.Mutex
	size   int
	recent *list.List // of cached, the most recent in front
	byFact map[fact]*list.Element
}

// fact identifies a fact by its pair and revision.
type fact struct {
	pair     domain.Pair
	revision uint64
}

// cached is a state and the fact that led to it.
type cached struct {
	state domain.State
	fact  fact
}

// NewFactCache makes an empty cache. limit is the largest number of non-associations
// in all cached states.
func NewFactCache(log eventstore.Store, limit int) *FactCache {
	return &FactCache{log: log, catalogue: domain.Events(), limit: limit, recent: list.New(), byFact: map[fact]*list.Element{}}
}

// StateBefore returns the state of a pair before the fact of a revision, and reads it
// from the log if it is not cached. The state is shared: the caller must not change
// it. Errors: ErrNotWhole, those of a read, and those of an event that does not
// decode.
func (c *FactCache) StateBefore(ctx context.Context, pair domain.Pair, revision uint64) (domain.State, error) {
	if revision > 0 {
		if state, there := c.find(fact{pair, revision - 1}); there {
			return state, nil
		}
	}
	return read(ctx, c.log, c.catalogue, domain.State{Pair: pair}, 0, revision)
}

// find returns a cached state, and marks it as recently used.
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

// Put caches the state after the fact of a revision, and evicts the least recently
// used ones over the limit. A state that is larger than the limit is not cached.
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
