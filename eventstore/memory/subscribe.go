package memory

import (
	"context"
	"fmt"

	"nonassociations/eventstore"
)

// Subscribe implements eventstore.Store. Catching up and live delivery are one loop
// over one growing slice, so no event can be missed between them. deliver is called
// without the lock, so a slow reader does not delay others. An error of deliver is
// returned unchanged.
func (s *Store) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	next, caughtUp := -1, false
	for {
		log, changed, err := s.snapshot(ctx)
		if err != nil {
			return fmt.Errorf("subscribe to %q: %w", prefixes, err)
		}
		if next < 0 {
			next = s.firstAfter(from)
		}
		scanned := next < len(log)
		for ; next < len(log); next++ {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("subscribe to %q: %w", prefixes, err)
			}
			if !eventstore.HasPrefix(log[next].Stream, prefixes) {
				continue
			}
			if err := deliver(eventstore.Message{Kind: eventstore.EventAppeared, Event: log[next], Position: log[next].Position}); err != nil {
				return err
			}
		}
		if err := s.sendPosition(scanned, caughtUp, next, deliver); err != nil {
			return err
		}
		caughtUp = true
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("subscribe to %q: %w", prefixes, ctx.Err())
		}
	}
}

// sendPosition delivers a checkpoint after events were read, and CaughtUp once. Like a
// real server, the checkpoint is a position before the next event, with prepare 0, and
// one comes just before CaughtUp. scanned is whether events were read since the last
// call.
func (s *Store) sendPosition(scanned, caughtUp bool, next int, deliver func(eventstore.Message) error) error {
	if caughtUp && !scanned {
		return nil
	}
	place := eventstore.Position{Commit: uint64(next) + 1} //nolint:gosec // an index
	if err := deliver(eventstore.Message{Kind: eventstore.Checkpoint, Position: place}); err != nil {
		return err
	}
	if caughtUp {
		return nil
	}
	return deliver(eventstore.Message{Kind: eventstore.CaughtUp})
}

// snapshot returns the log, which is never changed in place, and a channel that is
// closed with the next append.
func (s *Store) snapshot(ctx context.Context) ([]eventstore.RecordedEvent, <-chan struct{}, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.rejection(ctx); err != nil {
		return nil, nil, err
	}
	return s.log, s.changed, nil
}

// firstAfter returns the index in the log of the first event after a position.
func (s *Store) firstAfter(position eventstore.Position) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at := s.firstNotBefore(position)
	if at < len(s.log) && s.log[at].Position == position {
		at++
	}
	return at
}
