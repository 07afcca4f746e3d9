package turn

import (
	"context"
	"slices"
	"sync"
	"time"

	"nonassociations/nomis/store"
)

// authors are the names by which NOMIS records what the service writes. They are read from
// Postgres until there is one, and then kept: a name that another process learns later is
// learned here with the next write. They are safe for concurrent use.
type authors struct {
	mutex sync.Mutex
	names []string
}

// read returns the names. The caller must not change them.
func (a *authors) read(ctx context.Context, s *store.Store) ([]string, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if len(a.names) > 0 {
		return a.names, nil
	}
	names, err := s.Authors(ctx)
	if err == nil {
		a.names = names
	}
	return names, err
}

// learn keeps the name that a row has right after the service wrote it.
func (a *authors) learn(ctx context.Context, s *store.Store, name string, now time.Time) error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if name == "" || slices.Contains(a.names, name) {
		return nil
	}
	if err := s.LearnAuthor(ctx, name, now); err != nil {
		return err
	}
	a.names = append(slices.Clone(a.names), name)
	return nil
}
