package memory

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"nonassociations/eventstore"
)

// The methods of this file are operations that the port excludes on purpose, and that
// an operator of a real server can do. Tests use them to produce such logs.

// Delete soft-deletes a stream: it is not found until the next append, which continues
// at the next revision. A stream that does not exist is left as it is.
func (s *Store) Delete(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if of := s.streams[name]; of != nil {
		of.first = uint64(len(of.events))
	}
}

// metadataPrefix is the prefix of the stream with the metadata of another stream.
const metadataPrefix = "$$"

// metadata returns the metadata that a soft delete leaves on a real server, also when
// the stream has continued since. It reports false for any other name. The caller
// holds the lock.
func (s *Store) metadata(name string) ([]eventstore.RecordedEvent, bool) {
	of := s.streams[strings.TrimPrefix(name, metadataPrefix)]
	if !strings.HasPrefix(name, metadataPrefix) || of == nil || of.first == 0 {
		return nil, false
	}
	return []eventstore.RecordedEvent{{Stream: name, Event: eventstore.Event{
		ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)), Type: "$metadata",
		Data: []byte(`{"$tb":9223372036854775807}`), Metadata: []byte("{}"),
	}}}, true
}

// Tombstone deletes a stream for ever, also one that does not exist yet. Its events
// stay in the log.
func (s *Store) Tombstone(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.streams[name]
	if of == nil {
		of = &stream{}
		s.streams[name] = of
	}
	of.tombstoned = true
}

// Replace replaces the content of the log by that of another one while it is in use, as
// when a backup is restored or another database takes over an address. Subscriptions
// continue at their index, which may now be another event: the failure that a consumer
// must detect. other must not be s.
func (s *Store) Replace(other *Store) {
	s.mu.Lock()
	defer s.mu.Unlock()
	other.mu.RLock()
	defer other.mu.RUnlock()
	s.log, s.streams = slices.Clone(other.log), map[string]*stream{}
	for name, of := range other.streams {
		s.streams[name] = &stream{events: slices.Clone(of.events), first: of.first, tombstoned: of.tombstoned}
	}
	close(s.changed)
	s.changed = make(chan struct{})
}
