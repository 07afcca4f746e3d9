package memory

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"nonassociations/eventstore"
)

// What the port cannot do on purpose, an operator of a real server can. Tests
// plant it here.

// Delete deletes a stream softly: it is not found until the next append, which
// goes on at the next revision.
func (s *Store) Delete(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if of := s.streams[name]; of != nil {
		of.first = uint64(len(of.events))
	}
}

// metadataPrefix begins the name of the stream that holds another one's metadata.
const metadataPrefix = "$$"

// metadata is what a real server keeps of a soft delete, whether or not the
// stream has gone on since. The caller holds the lock.
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

// Tombstone deletes a stream for ever, also one that does not exist.
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

// Replace puts another log in the place of this one, under all that use it: as
// when a backup is put back, or another database takes an address over.
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
