package nomis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// SwitchedConsumer is the name of a Switched in health and metrics. It is the same in all
// processes.
const SwitchedConsumer = "nomisSwitched"

// SwitchedOptions are what a Switched depends on. Poll and Beat may be left out.
type SwitchedOptions struct {
	Feed  Feed
	Store *store.Store
	// Locks opens the session that holds the locks of the pairs.
	Locks func(ctx context.Context) (*store.PairLocks, error)
	// Exclusively runs do in one process at a time. An error means that do did not run.
	Exclusively func(ctx context.Context, do func(context.Context)) error
	Poll        time.Duration    // how often the log is looked at, 2 s when zero
	Clock       func() time.Time // in Europe/London
	Logger      *slog.Logger
	// Beat is the heartbeat of the loop. Its argument is the fault that holds it up, or nil.
	Beat func(fault error)
}

// Feed gives the facts of the log. [audit.Reader] implements it.
type Feed interface {
	Feed(ctx context.Context, feed audit.Feed) error
}

// Switched makes a difference of each fact that says what NOMIS told while its changes were
// not allowed, exactly once, and rings for its pair. The turn that follows compares both
// sides: the difference heals when NOMIS does not hold that any more, and otherwise waits
// for a person. Several may run, in any process: one of them is at work.
type Switched struct{ SwitchedOptions }

// NewSwitched returns a Switched. It does nothing until Run.
func NewSwitched(options SwitchedOptions) *Switched {
	if options.Poll <= 0 {
		options.Poll = 2 * time.Second
	}
	if options.Beat == nil {
		options.Beat = func(error) {}
	}
	return &Switched{options}
}

// Run follows the log until the context ends, and then returns nil. It retries during
// outages of Postgres and of the event store, from its checkpoint.
func (s *Switched) Run(ctx context.Context) error {
	for waits := newDelays(); ; {
		var fault error
		err := s.Exclusively(ctx, func(ctx context.Context) { fault = s.follow(ctx, waits.Reset) })
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it ended as it was asked to
		}
		err = errors.Join(err, fault)
		s.Beat(err)
		pause(ctx, s.Logger, waits, "the facts of what NOMIS may not change are not followed, retrying", err)
	}
}

// follow looks at the log while the session of the locks is there.
func (s *Switched) follow(ctx context.Context, works func()) error {
	locks, err := s.Locks(ctx)
	if err != nil {
		return err
	}
	defer locks.Close()
	ctx, cancel := locks.WithLocks(ctx)
	defer cancel()
	for ctx.Err() == nil {
		if err := s.look(ctx, locks); err != nil {
			return err
		}
		works()
		s.Beat(nil)
		_ = sleep(ctx, s.Poll) // the loop ends with the context
	}
	return context.Cause(ctx)
}

// look makes the differences of all facts after the checkpoint.
func (s *Switched) look(ctx context.Context, locks *store.PairLocks) error {
	checkpoint, err := s.Store.SwitchedCheckpoint(ctx)
	if err != nil {
		return err
	}
	at, head := checkpoint, checkpoint
	err = s.Feed.Feed(ctx, audit.Feed{
		From: checkpoint, Types: []string{domain.TypeIgnored},
		Begin: func(end uint64) error { head = end; return nil },
		Line: func(e audit.Entry) error {
			position := e.Fact.Position.Uint64()
			event, is := e.Fact.Event.(domain.Ignored)
			if !is || event.Reason != domain.Switched {
				return nil
			}
			err := s.keep(ctx, locks, at, e, event)
			at = position
			return err
		},
	})
	switch {
	case errors.Is(err, audit.ErrBeyondEnd): // another log is in use; what it has may be known already
		s.Logger.WarnContext(ctx, "the checkpoint of switched facts is beyond the end of the log: it begins anew", "position", checkpoint)
		return s.Store.MoveSwitchedCheckpoint(ctx, checkpoint, 0)
	case err != nil:
		return fmt.Errorf("follow the log from %d: %w", checkpoint, err)
	case head <= at:
		return nil
	}
	return s.Store.MoveSwitchedCheckpoint(ctx, at, head)
}

// keep makes the difference of one fact, between two turns of its pair: a turn makes the
// differences of the pair those that it has found.
func (s *Switched) keep(ctx context.Context, locks *store.PairLocks, from uint64, e audit.Entry, event domain.Ignored) error {
	pair := e.Fact.Pair
	for {
		locked, err := locks.TryLock(ctx, pair)
		if err != nil {
			return err
		}
		if locked {
			break
		}
		if err := sleep(ctx, lockedFor); err != nil {
			return err
		}
	}
	defer locks.Unlock(context.WithoutCancel(ctx), pair)
	var before *domain.NonAssociation
	if e.Before != nil && event.NonAssociationID != uuid.Nil {
		before = &e.Before.NonAssociation
	}
	found := turn.SwitchedFinding(pair, event, before)
	return s.Store.KeepSwitched(ctx, from, e.Fact.Position.Uint64(), s.Clock(), pair, found)
}

// lockedFor is how long a pair is waited for that has a turn.
const lockedFor = 100 * time.Millisecond

// sleep waits for a time. It returns an error when the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
