package reconcile

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"nonassociations/domain"
	"nonassociations/nomis/store"
)

// sessions open the session of the pairs' locks when it is first needed, and another one
// when it is lost.
type sessions struct {
	dsn     string
	mu      sync.Mutex
	current *store.PairLocks
}

// open returns a session that is not known to be lost.
func (s *sessions) open(ctx context.Context) (*store.PairLocks, error) {
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
	opened, err := store.OpenPairLocks(ctx, s.dsn)
	if err != nil {
		return nil, err
	}
	s.current = opened
	return opened, nil
}

func (s *sessions) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil {
		s.current.Close()
		s.current = nil
	}
}

const (
	// lockTries is how often the lock of a pair is asked for, betweenTries apart.
	lockTries    = 10
	betweenTries = 300 * time.Millisecond
)

var errTurnTaken = errors.New("another turn works on the pair")

// locked runs do under the lock of a pair. It waits for a turn that works on the pair.
// The context of do ends with the session. Errors: ErrUnavailable when the lock is not to
// be had, and those of do.
func (o *Operations) locked(ctx context.Context, pair domain.Pair, do func(context.Context) error) error {
	locks, err := o.locks.open(ctx)
	if err != nil {
		return errors.Join(ErrUnavailable, err)
	}
	ctx, cancel := locks.WithLocks(ctx)
	defer cancel()
	for try := 1; ; try++ {
		is, err := locks.TryLock(ctx, pair)
		if err != nil {
			return errors.Join(ErrUnavailable, err)
		}
		if is {
			break
		}
		if try == lockTries {
			return fmt.Errorf("%w: %w", ErrUnavailable, errTurnTaken)
		}
		if err := o.Wait(ctx, betweenTries); err != nil {
			return err
		}
	}
	defer locks.Unlock(context.WithoutCancel(ctx), pair)
	return do(ctx)
}
