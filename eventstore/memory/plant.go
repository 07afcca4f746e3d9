package memory

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
