package statecache

import (
	"container/list"
	"context"
	"errors"
	"fmt"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// PairCache remembers the pairs that were folded last, up to a number of
// non-associations in all. It belongs to one goroutine.
type PairCache struct {
	log         eventstore.Store
	catalogue   domain.Catalogue
	limit, size int
	recent      *list.List // of remembered, the latest in front
	byPair      map[domain.Pair]*list.Element
}

// remembered is the state of a pair behind the fact of a revision.
type remembered struct {
	state    domain.State
	revision uint64
}

// NewPairCache makes a memory of at most limit non-associations that remembers nothing.
func NewPairCache(log eventstore.Store, limit int) *PairCache {
	return &PairCache{
		log: log, catalogue: domain.Events(), limit: limit, recent: list.New(), byPair: map[domain.Pair]*list.Element{},
	}
}

// StateBefore is the state of the pair before the fact of a revision, from the log
// where it is not remembered.
func (m *PairCache) StateBefore(ctx context.Context, pair domain.Pair, revision uint64) (domain.State, error) {
	state, next := m.nearest(pair, revision)
	return read(ctx, m.log, m.catalogue, state, next, revision)
}

// Put remembers the state behind the fact of a revision, and forgets the
// oldest ones when it becomes too much. The latest stays, however large it is:
// its next fact may be the next event.
func (m *PairCache) Put(state domain.State, revision uint64) {
	if element, there := m.byPair[state.Pair]; there {
		m.drop(element)
	}
	m.byPair[state.Pair] = m.recent.PushFront(remembered{state, revision})
	m.size += weight(state)
	for m.size > m.limit && m.recent.Len() > 1 {
		m.drop(m.recent.Back())
	}
}

// nearest is the latest state that is remembered of the pair at or before the
// fact of a revision, and the revision to go on with.
func (m *PairCache) nearest(pair domain.Pair, revision uint64) (state domain.State, next uint64) {
	element, there := m.byPair[pair]
	if !there {
		return domain.State{Pair: pair}, 0
	}
	r := element.Value.(remembered) //nolint:forcetypeassert // nothing else is put in
	if r.revision >= revision {
		return domain.State{Pair: pair}, 0
	}
	return r.state, r.revision + 1
}

func (m *PairCache) drop(element *list.Element) {
	state := m.recent.Remove(element).(remembered).state //nolint:forcetypeassert // nothing else is put in
	delete(m.byPair, state.Pair)
	m.size -= weight(state)
}

func weight(s domain.State) int { return 1 + len(s.Items) + len(s.Ignored) + len(s.TransferredOut) }

// page bounds how much of a long stream is in memory at once.
const page = 500

// read folds a pair on, from the log, up to and without a revision.
func read(ctx context.Context, log eventstore.Store, catalogue domain.Catalogue, state domain.State, next, revision uint64) (domain.State, error) {
	pair, folding := state.Pair, eventstore.Resume(state, next)
	for folding.Next() < revision {
		limit := int(min(page, revision-folding.Next())) // at most a page
		events, err := log.ReadStream(ctx, pair.Stream(), eventstore.Forwards, folding.Next(), limit)
		if err != nil && !errors.Is(err, eventstore.ErrStreamNotFound) {
			return domain.State{}, fmt.Errorf("read the facts of %s before revision %d: %w", pair, revision, err)
		}
		if len(events) == 0 {
			return domain.State{}, fmt.Errorf("%w: %s ends before revision %d, which the log has told", eventstore.ErrNotWhole, pair, revision)
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
