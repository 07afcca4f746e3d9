package consumer

import (
	"sync"
	"time"

	"nonassociations/eventstore"
)

// Status is how a follower is doing, for health and metrics.
type Status struct {
	Leader   bool                // this process holds the lease
	Waiting  bool                // another process holds it
	Position eventstore.Position // everything of ours up to here is worked on; of the leader only
	Head     eventstore.Position // the last event of ours, as last read
	HeadRead time.Time           // when; zero: not yet
	Queued   int                 // events received and not yet worked on: the lag at least
	Lag      time.Duration       // age of what was last worked on, when that is not the head; else 0
	CaughtUp bool                // this session has reached a head that was fresh
	Failure  error               // why nothing moves; nil while all is well. A *Poison waits for people
	// Oldest is when the oldest event was recorded that is being applied; zero:
	// none is.
	Oldest time.Time
	// Heartbeat is when the loop of the leader last went round; zero: it never did.
	Heartbeat time.Time
}

// Status is safe to call at any time.
func (f *Consumer[T]) Status() Status {
	f.status.mu.Lock()
	defer f.status.mu.Unlock()
	now := f.status.now
	if now.Leader && now.Position.Before(now.Head) && !f.status.recorded.IsZero() {
		now.Lag = f.options.Clock().Sub(f.status.recorded)
	}
	if f.row != nil && now.Leader {
		now.Heartbeat = f.row.Beaten()
	}
	return now
}

type progress struct {
	mu       sync.Mutex
	now      Status
	recorded time.Time // of the last event worked on
}

func (s *progress) change(apply func(*Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	apply(&s.now)
}

func (s *progress) waiting() {
	s.change(func(now *Status) { *now = Status{Waiting: true} })
}

func (s *progress) leading(from eventstore.Position) {
	s.change(func(now *Status) {
		failure := now.Failure // a poison event is over when something moved
		*now = Status{Leader: true, Position: from, Failure: onlyPoison(failure)}
	})
}

func (s *progress) applied(at eventstore.Position, recorded time.Time, queued int) {
	s.change(func(now *Status) { now.Position, now.Queued, now.Failure, now.Oldest = at, queued, nil, time.Time{} })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recorded = recorded
}

// began says that a batch is in hand.
func (s *progress) began(recorded time.Time) {
	s.change(func(now *Status) { now.Oldest = recorded })
}

func (s *progress) headRead(h head) {
	s.change(func(now *Status) { now.Head, now.HeadRead = h.Own, h.readAt })
}

func (s *progress) hasCaughtUp() {
	s.change(func(now *Status) { now.CaughtUp, now.Failure = true, nil })
}

func (s *progress) broke(err error) {
	s.change(func(now *Status) { now.Failure = err })
}

// mended takes back what broke said.
func (s *progress) mended() {
	s.change(func(now *Status) { now.Failure = onlyPoison(now.Failure) })
}

func (s *progress) failed(err error) {
	s.change(func(now *Status) { now.Leader, now.Waiting, now.CaughtUp, now.Failure = false, false, false, err })
}

func (s *progress) stopped() {
	s.change(func(now *Status) { now.Leader, now.Waiting = false, false })
}

func onlyPoison(err error) error {
	if _, is := err.(*Poison); is { //nolint:errorlint // Run keeps it as it came
		return err
	}
	return nil
}
