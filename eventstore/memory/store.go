// Package memory stores the event log in memory, for tests only. It answers as a real
// EventStoreDB does, including the checkpoints of subscriptions.
//
// The log is lost with the process. A read model that outlives the process must never
// be built from it: the positions in its checkpoint would name events of another log.
package memory

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"nonassociations/eventstore"
)

// Store is an append-only log in memory. Positions are dense, begin at 1, and have
// equal commit and prepare. Make one with New. It is safe for concurrent use.
type Store struct {
	mu sync.RWMutex
	// log has the event of position i+1 at index i. It only grows, so readers may keep
	// a slice of it without the lock.
	log     []eventstore.RecordedEvent
	streams map[string]*stream
	// changed is closed and replaced by every append.
	changed chan struct{}
	closed  bool
}

// stream is one stream, which exists from its first append or its tombstone on.
type stream struct {
	// events has the indexes in the log, by revision.
	events []int
	// first is the first visible revision. A soft delete sets it after the last event.
	first uint64
	// tombstoned is whether the stream is deleted for ever.
	tombstoned bool
}

var (
	_ eventstore.Store   = (*Store)(nil)
	_ eventstore.Counter = (*Store)(nil)
)

// New makes an empty log.
func New() *Store {
	return &Store{streams: map[string]*stream{}, changed: make(chan struct{})}
}

// Append implements eventstore.Store.
func (s *Store) Append(ctx context.Context, append eventstore.Append) (eventstore.Appended, error) {
	appended, err := s.append(ctx, append)
	if err != nil {
		return eventstore.Appended{}, fmt.Errorf("append %s: %w", append.Stream, err)
	}
	return appended, nil
}

// AppendMany implements eventstore.Store. Each append is locked by itself, so others
// may come between.
func (s *Store) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	outcomes := make([]eventstore.Outcome, len(appends))
	for i, append := range appends {
		outcomes[i].Appended, outcomes[i].Err = s.Append(ctx, append)
	}
	return outcomes
}

// append follows the order in which a real server decides: a tombstone, the expected
// revision, a repeat, a stream that was soft-deleted, a conflict. The order matters: it
// decides which error a caller sees.
func (s *Store) append(ctx context.Context, append eventstore.Append) (eventstore.Appended, error) {
	if err := append.Check(); err != nil {
		return eventstore.Appended{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.rejection(ctx); err != nil {
		return eventstore.Appended{}, err
	}

	into := s.streams[append.Stream]
	if into == nil {
		into = &stream{}
	}
	if into.tombstoned {
		return eventstore.Appended{}, eventstore.ErrStreamDeleted
	}
	if into.accepts(append.Expected) {
		return s.write(into, append), nil
	}
	// Repeats are checked only now: ids count together with the expected revision. At
	// the current revision, known ids are written a second time, as a real server does.
	if s.alreadyStored(into, append) {
		return s.positionOf(into, int64(append.Expected)+int64(len(append.Events))), nil
	}
	if into.softDeleted() && append.Expected == eventstore.NoStream {
		return s.write(into, append), nil
	}
	return eventstore.Appended{}, eventstore.ErrConflict
}

// accepts reports whether the stream is at the expected revision. NoStream is -1, which
// is the revision before the first event.
func (s *stream) accepts(expected eventstore.Expected) bool {
	return int64(expected) == int64(len(s.events))-1
}

// softDeleted reports whether all events of the stream are hidden.
func (s *stream) softDeleted() bool {
	return len(s.events) > 0 && s.first == uint64(len(s.events))
}

// alreadyStored reports whether exactly these ids follow the expected revision. Fewer
// ids than were written count too: a prefix is a repeat.
func (s *Store) alreadyStored(into *stream, append eventstore.Append) bool {
	for i, event := range append.Events {
		at := int64(append.Expected) + 1 + int64(i)
		if at < 0 || at >= int64(len(into.events)) || s.log[into.events[at]].ID != event.ID {
			return false
		}
	}
	return true
}

// positionOf returns the result of an append whose last event has a revision.
func (s *Store) positionOf(of *stream, revision int64) eventstore.Appended {
	recorded := s.log[of.events[revision]]
	return eventstore.Appended{Revision: recorded.Revision, Position: recorded.Position}
}

// write appends the events and wakes the subscriptions. The caller holds the lock. All
// events of an append have the same time.
func (s *Store) write(into *stream, added eventstore.Append) eventstore.Appended {
	s.streams[added.Stream] = into
	now := time.Now().UTC()
	for _, event := range added.Events {
		place := uint64(len(s.log)) + 1
		s.log = append(s.log, eventstore.RecordedEvent{
			// The caller may reuse its slices; a recorded event must not change.
			Event: eventstore.Event{
				ID: event.ID, Type: event.Type,
				Data: bytes.Clone(event.Data), Metadata: bytes.Clone(event.Metadata),
			},
			Stream:     added.Stream,
			Revision:   uint64(len(into.events)),
			Position:   eventstore.Position{Commit: place, Prepare: place},
			RecordedAt: now,
		})
		into.events = append(into.events, len(s.log)-1)
	}
	close(s.changed)
	s.changed = make(chan struct{})
	return s.positionOf(into, int64(len(into.events))-1)
}

// rejection returns why a call cannot start: its context has ended, or the store is
// closed. Else it returns nil. The caller holds the lock.
func (s *Store) rejection(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed {
		return fmt.Errorf("%w: closed", eventstore.ErrUnavailable)
	}
	return nil
}

// Close refuses later calls and ends the subscriptions with ErrUnavailable. It never
// waits and never fails.
func (s *Store) Close(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.changed)
	return nil
}
