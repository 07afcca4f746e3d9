package statecache

import (
	"container/list"
	"context"
	"errors"
	"fmt"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// PairCache caches the latest state of each pair, for one reader that goes through the
// log in order. It is not safe for concurrent use.
type PairCache struct {
	log         eventstore.Store
	catalogue   domain.Catalogue
	limit, size int
	recent      *list.List // of entries, the most recent in front
	byPair      map[domain.Pair]*list.Element
}

// entry is the state of a pair after the fact of a revision.
type entry struct {
	state    domain.State
	revision uint64
}

// NewPairCache makes an empty cache. limit is the largest number of non-associations
// in all cached states.
func NewPairCache(log eventstore.Store, limit int) *PairCache {
	return &PairCache{
		log: log, catalogue: domain.Events(), limit: limit, recent: list.New(), byPair: map[domain.Pair]*list.Element{},
	}
}

// StateBefore returns the state of a pair before the fact of a revision. It reads the
// facts that the cached state lacks from the log. Errors: ErrNotWhole, those of a
// read, and those of an event that does not decode.
func (c *PairCache) StateBefore(ctx context.Context, pair domain.Pair, revision uint64) (domain.State, error) {
	state, next := c.nearest(pair, revision)
	return read(ctx, c.log, c.catalogue, state, next, revision)
}

// Put caches the state after the fact of a revision in place of the pair's former one,
// and evicts the least recently used pairs over the limit. The given state stays
// even when it is larger than the limit: the next event is often of the same pair.
func (c *PairCache) Put(state domain.State, revision uint64) {
	if element, there := c.byPair[state.Pair]; there {
		c.drop(element)
	}
	c.byPair[state.Pair] = c.recent.PushFront(entry{state, revision})
	c.size += weight(state)
	for c.size > c.limit && c.recent.Len() > 1 {
		c.drop(c.recent.Back())
	}
}

// nearest returns the cached state of a pair if it is before the fact of a revision,
// else the empty state, and the revision of the next fact to fold.
func (c *PairCache) nearest(pair domain.Pair, revision uint64) (state domain.State, next uint64) {
	element, there := c.byPair[pair]
	if !there {
		return domain.State{Pair: pair}, 0
	}
	e := element.Value.(entry) //nolint:forcetypeassert // nothing else is put in
	if e.revision >= revision {
		return domain.State{Pair: pair}, 0
	}
	return e.state, e.revision + 1
}

// drop evicts one pair.
func (c *PairCache) drop(element *list.Element) {
	state := c.recent.Remove(element).(entry).state //nolint:forcetypeassert // nothing else is put in
	delete(c.byPair, state.Pair)
	c.size -= weight(state)
}

// weight is what a state counts towards the limit: what it holds, and one for itself.
func weight(s domain.State) int { return 1 + len(s.Items) + len(s.Ignored) + len(s.TransferredOut) }

// page is the largest number of events of a stream that are in memory at once.
const page = 500

// read continues a state with the facts of the log from revision next up to, and
// without, a revision.
func read(ctx context.Context, log eventstore.Store, catalogue domain.Catalogue, state domain.State, next, revision uint64) (domain.State, error) {
	pair, folding := state.Pair, eventstore.Resume(state, next)
	for folding.Next() < revision {
		limit := int(min(page, revision-folding.Next())) // at most a page
		events, err := log.ReadStream(ctx, pair.Stream(), eventstore.Forwards, folding.Next(), limit)
		if err != nil && !errors.Is(err, eventstore.ErrStreamNotFound) {
			return domain.State{}, fmt.Errorf("read the facts of %s before revision %d: %w", pair, revision, err)
		}
		if len(events) == 0 {
			return domain.State{}, fmt.Errorf("%w: %s ends before revision %d, which the log has delivered", eventstore.ErrNotWhole, pair, revision)
		}
		for _, recorded := range events {
			fact, err := eventstore.ReadFolded(catalogue, recorded)
			if err != nil {
				return domain.State{}, err
			}
			if err := folding.Add(fact); err != nil {
				return domain.State{}, err
			}
		}
	}
	return folding.State(), nil
}
