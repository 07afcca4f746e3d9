package audit

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"nonassociations/eventstore"
)

// Position is a place in the log.
type Position = eventstore.Position

// factReaders is how many facts of one page are read at once.
const factReaders = 8

// FactsAt reads the facts at positions of the log, in the order of the argument. Of a fact
// that no timeline shows Act is "". A position at which the log has no fact is an error,
// and so is one that cannot be read: the read model that named it is of another log then.
func (r *Reader) FactsAt(ctx context.Context, positions []Position) ([]TimelineEntry, error) {
	entries := make([]TimelineEntry, len(positions))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(factReaders)
	for i, at := range positions {
		group.Go(func() (err error) {
			entries[i], err = r.factAt(ctx, at)
			return err
		})
	}
	return entries, group.Wait()
}

// factAt reads one fact and what its record was before and after it.
func (r *Reader) factAt(ctx context.Context, at eventstore.Position) (TimelineEntry, error) {
	events, err := r.log.ReadAll(ctx, eventstore.Forwards, at, 1)
	if err != nil {
		return TimelineEntry{}, fmt.Errorf("read the fact at position %d: %w", at.Uint64(), err)
	}
	if len(events) == 0 || events[0].Position != at {
		return TimelineEntry{}, fmt.Errorf("the log has no fact at position %d", at.Uint64())
	}
	fact, err := r.read(events[0])
	if err != nil || !fact.OfPair() {
		return r.describe(Entry{Fact: fact}), err
	}
	before, err := r.states.StateBefore(ctx, fact.Pair, fact.Revision)
	if err != nil {
		return TimelineEntry{}, err
	}
	entry, err := step(eventstore.Resume(before, fact.Revision), fact)
	return r.describe(entry), err
}
