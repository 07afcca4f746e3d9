package nomis

import (
	"context"
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

// Switched makes a difference of each fact that says what NOMIS told while its changes were
// not allowed, exactly once, and rings for its pair. The turn that follows compares both
// sides: the difference heals when NOMIS does not hold that any more, and otherwise waits
// for a person. Several may run, in any process: one of them is at work.
type Switched struct{ SwitchedOptions }

// NewSwitched returns a Switched. It does nothing until Run.
func NewSwitched(options SwitchedOptions) *Switched { return &Switched{options} }

// Run follows the log until the context ends, and then returns nil. It retries during
// outages of Postgres and of the event store, from its checkpoint.
func (s *Switched) Run(ctx context.Context) error {
	return follower{
		feed: s.Feed, types: []string{domain.TypeIgnored}, wants: isSwitched, most: 1,
		checkpoint: s.Store.SwitchedCheckpoint, exclusively: s.Exclusively, poll: s.Poll, logger: s.Logger, beat: s.Beat,
		failed: "the facts of what NOMIS may not change are not followed, retrying",
	}.run(ctx, s.session)
}

// session follows while the session of the locks is there.
func (s *Switched) session(ctx context.Context, do func(context.Context, handler) error) error {
	locks, err := s.Locks(ctx)
	if err != nil {
		return err
	}
	defer locks.Close()
	ctx, cancel := locks.WithLocks(ctx)
	defer cancel()
	return do(ctx, switching{s, locks})
}

// isSwitched reports whether a fact says what NOMIS told while its changes were not allowed.
func isSwitched(e audit.Entry) bool {
	event, is := e.Fact.Event.(domain.Ignored)
	return is && event.Reason == domain.Switched
}

// switching makes differences with the locks of the pairs.
type switching struct {
	*Switched

	locks *store.PairLocks
}

// keep makes the differences of facts, each with a move of the checkpoint.
func (s switching) keep(ctx context.Context, from, to uint64, facts []audit.Entry) error {
	for _, e := range facts {
		if err := s.keepOne(ctx, from, e); err != nil {
			return err
		}
		from = e.Fact.Position.Uint64()
	}
	if from == to {
		return nil
	}
	return s.Store.MoveSwitchedCheckpoint(ctx, from, to)
}

// keepOne makes the difference of one fact, between two turns of its pair: a turn makes the
// differences of the pair those that it has found.
func (s switching) keepOne(ctx context.Context, from uint64, e audit.Entry) error {
	event, _ := e.Fact.Event.(domain.Ignored)
	pair := e.Fact.Pair
	for {
		locked, err := s.locks.TryLock(ctx, pair)
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
	defer s.locks.Unlock(context.WithoutCancel(ctx), pair)
	var before *domain.NonAssociation
	if e.Before != nil && event.NonAssociationID != uuid.Nil {
		before = &e.Before.NonAssociation
	}
	found := turn.SwitchedFinding(pair, event, before)
	return s.Store.KeepSwitched(ctx, from, e.Fact.Position.Uint64(), s.Clock(), pair, found)
}

// restart forgets nothing: a difference that is there already stays as it is.
func (s switching) restart(ctx context.Context, from uint64) error {
	return s.Store.MoveSwitchedCheckpoint(ctx, from, 0)
}

func (switching) rest(context.Context) error { return nil }

// lockedFor is how long a pair is waited for that has a turn.
const lockedFor = 100 * time.Millisecond
