package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"nonassociations/domain"
)

// Errors of a lock that is not to be had. ErrPairBusy is an ErrNotLocked.
var (
	ErrNotLocked = errors.New("the lock of the pair is not to be had")
	ErrPairBusy  = errors.New("another turn works on the pair")
)

const (
	// lockTries is how often the lock of a pair is asked for, betweenTries apart.
	lockTries    = 10
	betweenTries = 300 * time.Millisecond
)

// LockSessions lock pairs for what people ask for. They open the session of the locks when
// it is first needed, and another one when it is lost. They are safe for concurrent use.
// Close must be called.
type LockSessions struct {
	dsn     string
	wait    func(ctx context.Context, d time.Duration) error
	mu      sync.Mutex
	current *PairLocks
}

// NewLockSessions returns LockSessions of a database. They connect to nothing. wait waits
// before a lock is asked for again, and returns the error of a context that ends first.
func NewLockSessions(dsn string, wait func(ctx context.Context, d time.Duration) error) *LockSessions {
	return &LockSessions{dsn: dsn, wait: wait}
}

// Open returns a session that is not known to be lost. It must not be closed.
func (s *LockSessions) Open(ctx context.Context) (*PairLocks, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil {
		select {
		case <-s.current.Lost():
			s.current.Close()
			s.current = nil
		default:
			return s.current, nil
		}
	}
	opened, err := OpenPairLocks(ctx, s.dsn)
	if err != nil {
		return nil, err
	}
	s.current = opened
	return opened, nil
}

// Close ends the session, when nothing is done under a lock any more.
func (s *LockSessions) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil {
		s.current.Close()
		s.current = nil
	}
}

// With runs do under the lock of a pair. It waits for a turn that works on the pair. The
// context of do ends with the session. Errors: ErrNotLocked, with ErrPairBusy when the
// turn goes on, those of the context, and those of do.
func (s *LockSessions) With(ctx context.Context, pair domain.Pair, do func(ctx context.Context, locks *PairLocks) error) error {
	locks, err := s.Open(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotLocked, err)
	}
	ctx, cancel := locks.WithLocks(ctx)
	defer cancel()
	if err := s.lock(ctx, locks, pair); err != nil {
		return err
	}
	defer locks.Unlock(context.WithoutCancel(ctx), pair)
	return do(ctx, locks)
}

// lock takes the lock of a pair.
func (s *LockSessions) lock(ctx context.Context, locks *PairLocks, pair domain.Pair) error {
	for try := 1; ; try++ {
		is, err := locks.TryLock(ctx, pair)
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", ErrNotLocked, err)
		case is:
			return nil
		case try == lockTries:
			return fmt.Errorf("%w: %w", ErrNotLocked, ErrPairBusy)
		}
		if err := s.wait(ctx, betweenTries); err != nil {
			return err
		}
	}
}
