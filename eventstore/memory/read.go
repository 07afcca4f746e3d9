package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"nonassociations/eventstore"
)

// ReadStream implements eventstore.Store.
func (s *Store) ReadStream(ctx context.Context, name string, direction eventstore.Direction, from uint64, limit int) ([]eventstore.RecordedEvent, error) {
	events, err := s.readStream(ctx, name, direction, from, limit)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return events, nil
}

// ReadMany implements eventstore.Store. It is no snapshot: each stream is read by
// itself, as on a real server.
func (s *Store) ReadMany(ctx context.Context, names []string) []eventstore.Stream {
	streams := make([]eventstore.Stream, len(names))
	for i, name := range names {
		events, err := s.ReadStream(ctx, name, eventstore.Forwards, 0, int(^uint(0)>>1))
		if errors.Is(err, eventstore.ErrStreamNotFound) {
			err = nil
		}
		streams[i] = eventstore.Stream{Events: events, Err: err}
	}
	return streams
}

// readStream also serves the metadata stream that a soft delete leaves. A limit of 0
// returns no events, but still reports a missing stream.
func (s *Store) readStream(ctx context.Context, name string, direction eventstore.Direction, from uint64, limit int) ([]eventstore.RecordedEvent, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.rejection(ctx); err != nil {
		return nil, err
	}
	if metadata, is := s.metadata(name); is {
		return metadata, nil
	}
	of := s.streams[name]
	if of == nil {
		return nil, eventstore.ErrStreamNotFound
	}
	if of.tombstoned {
		return nil, eventstore.ErrStreamDeleted
	}
	if of.softDeleted() {
		return nil, eventstore.ErrStreamNotFound
	}

	var events []eventstore.RecordedEvent
	for _, revision := range of.revisions(direction, from, limit) {
		events = append(events, s.log[of.events[revision]])
	}
	return events, nil
}

// revisions returns the revisions that a read returns, in its order. A soft delete
// hides those before first. from may be FromEnd. Revisions before 0 wrap around, so the
// loop compares r+1.
func (s *stream) revisions(direction eventstore.Direction, from uint64, limit int) []uint64 {
	var revisions []uint64
	if direction == eventstore.Forwards {
		for r := max(from, s.first); r < uint64(len(s.events)) && len(revisions) < limit; r++ {
			revisions = append(revisions, r)
		}
		return revisions
	}
	for r := min(from, uint64(len(s.events))-1); r+1 > s.first && len(revisions) < limit; r-- {
		revisions = append(revisions, r)
	}
	return revisions
}

// ReadAll implements eventstore.Store. Like a real server, it still returns the events
// of deleted streams.
func (s *Store) ReadAll(ctx context.Context, direction eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.rejection(ctx); err != nil {
		return nil, fmt.Errorf("read the whole log: %w", err)
	}
	if direction == eventstore.Forwards {
		rest := s.log[s.firstNotBefore(from):]
		return slices.Clone(rest[:min(limit, len(rest))]), nil
	}
	rest := s.log[:s.firstNotBefore(from)]
	events := slices.Clone(rest[max(0, len(rest)-limit):])
	slices.Reverse(events)
	return events, nil
}

// End implements eventstore.Store.
func (s *Store) End(ctx context.Context) (eventstore.Position, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.rejection(ctx); err != nil {
		return eventstore.Start, fmt.Errorf("read the end of the log: %w", err)
	}
	if len(s.log) == 0 {
		return eventstore.Start, nil
	}
	return s.log[len(s.log)-1].Position, nil
}

// firstNotBefore returns the index in the log of the first event at or after a position.
// The caller holds the lock.
func (s *Store) firstNotBefore(position eventstore.Position) int {
	at, _ := slices.BinarySearchFunc(s.log, position, func(event eventstore.RecordedEvent, p eventstore.Position) int {
		return event.Position.Compare(p)
	})
	return at
}

// Count implements eventstore.Counter. It is always known, since the log is in memory.
func (s *Store) Count(ctx context.Context, upTo eventstore.Position, prefixes []string) (count uint64, known bool, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.rejection(ctx); err != nil {
		return 0, false, err
	}
	for _, event := range s.log {
		if !upTo.Before(event.Position) && eventstore.HasPrefix(event.Stream, prefixes) {
			count++
		}
	}
	return count, true, nil
}
