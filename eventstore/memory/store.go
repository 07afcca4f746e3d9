// Package memory is the log in memory, for tests only: it answers as a real
// EventStoreDB does, and forgets everything with its process. A read model that
// outlives the process must never be built from it.
package memory

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"nonassociations/eventstore"
)

// Store is an append-only log in memory. Positions are dense, begin at 1, and
// have commit = prepare. Make one with New.
type Store struct {
	mu      sync.RWMutex
	log     []eventstore.RecordedEvent // log[i] lies at position i+1
	streams map[string]*stream
	changed chan struct{} // closed and replaced by every append
	closed  bool
}

// stream is what the store knows of one name.
type stream struct {
	events     []int  // places in the log, by revision
	first      uint64 // reads begin here; behind the last one after a soft delete
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

// Append is eventstore.Store's.
func (s *Store) Append(ctx context.Context, append eventstore.Append) (eventstore.Appended, error) {
	appended, err := s.append(ctx, append)
	if err != nil {
		return eventstore.Appended{}, fmt.Errorf("append %s: %w", append.Stream, err)
	}
	return appended, nil
}

// AppendMany is eventstore.Store's.
func (s *Store) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	outcomes := make([]eventstore.Outcome, len(appends))
	for i, append := range appends {
		outcomes[i].Appended, outcomes[i].Err = s.Append(ctx, append)
	}
	return outcomes
}

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
	// Only now: an id protects together with its revision, never by itself.
	if s.alreadyStored(into, append) {
		return s.positionOf(into, int64(append.Expected)+int64(len(append.Events))), nil
	}
	if into.softDeleted() && append.Expected == eventstore.NoStream {
		return s.write(into, append), nil
	}
	return eventstore.Appended{}, eventstore.ErrConflict
}

// accepts tells whether the stream is where the append expects it.
func (s *stream) accepts(expected eventstore.Expected) bool {
	return int64(expected) == int64(len(s.events))-1
}

func (s *stream) softDeleted() bool {
	return len(s.events) > 0 && s.first == uint64(len(s.events))
}

// alreadyStored tells whether exactly these ids follow the expected revision already.
func (s *Store) alreadyStored(into *stream, append eventstore.Append) bool {
	for i, event := range append.Events {
		at := int64(append.Expected) + 1 + int64(i)
		if at < 0 || at >= int64(len(into.events)) || s.log[into.events[at]].ID != event.ID {
			return false
		}
	}
	return true
}

func (s *Store) positionOf(of *stream, revision int64) eventstore.Appended {
	recorded := s.log[of.events[revision]]
	return eventstore.Appended{Revision: recorded.Revision, Position: recorded.Position}
}

func (s *Store) write(into *stream, added eventstore.Append) eventstore.Appended {
	s.streams[added.Stream] = into
	now := time.Now().UTC()
	for _, event := range added.Events {
		place := uint64(len(s.log)) + 1
		s.log = append(s.log, eventstore.RecordedEvent{
			// The caller may go on to use its slices; what is recorded may not change.
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

// rejection says why no call can be served: the caller left or the store closed.
func (s *Store) rejection(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed {
		return fmt.Errorf("%w: closed", eventstore.ErrUnavailable)
	}
	return nil
}

// Close refuses later calls and ends the subscriptions with ErrUnavailable.
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
