package consumer

import (
	"sync"
	"time"

	"nonassociations/eventstore"
)

// Status is the state of a consumer, for health and metrics.
type Status struct {
	// Leader is whether this process holds the lease, Waiting whether another one does.
	// Both are false while the consumer is between two sessions.
	Leader, Waiting bool
	// Position is the position up to which every event of the prefixes is applied. Only
	// the leader knows it.
	Position eventstore.Position
	// Head is the last event of the prefixes, as last read, and HeadRead when that was;
	// zero: not yet.
	Head     eventstore.Position
	HeadRead time.Time
	// Queued is the number of events received and not applied yet. It is a lower bound
	// of the backlog, because the rest waits in the server.
	Queued int
	// Lag is the age of the last event applied while that is not the head, else 0.
	Lag time.Duration
	// CaughtUp is whether this session has reached a head that was fresh.
	CaughtUp bool
	// Failure is why nothing is applied; nil: no fault. A *Poison stays until an
	// operator or a later build ends it, every other failure is retried.
	Failure error
	// Oldest is when the oldest event in work was recorded; zero: none is in work.
	Oldest time.Time
	// Heartbeat is when the leader's loop last completed a step; zero: not yet.
	Heartbeat time.Time
}

// Status returns the current state. It never waits for the consumer's work.
func (c *Consumer[T]) Status() Status {
	c.status.mu.Lock()
	defer c.status.mu.Unlock()
	now := c.status.now
	if now.Leader && now.Position.Before(now.Head) && !c.status.recorded.IsZero() {
		now.Lag = c.options.Clock().Sub(c.status.recorded)
	}
	if c.row != nil && now.Leader {
		now.Heartbeat = c.row.Beaten()
	}
	return now
}

// progress holds the state that Status returns.
type progress struct {
	mu       sync.Mutex
	now      Status
	recorded time.Time // of the last event worked on
}

// change applies a change under the lock.
func (p *progress) change(apply func(*Status)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	apply(&p.now)
}

// waiting records that another process holds the lease.
func (p *progress) waiting() {
	p.change(func(now *Status) { *now = Status{Waiting: true} })
}

// leading records that this process holds the lease and continues from a position.
func (p *progress) leading(from eventstore.Position) {
	p.change(func(now *Status) {
		failure := now.Failure // a Poison ends only when something is applied
		*now = Status{Leader: true, Position: from, Failure: onlyPoison(failure)}
	})
}

// applied records a batch, which ends every failure.
func (p *progress) applied(at eventstore.Position, recorded time.Time, queued int) {
	p.change(func(now *Status) { now.Position, now.Queued, now.Failure, now.Oldest = at, queued, nil, time.Time{} })
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recorded = recorded
}

// began records that a batch is in work.
func (p *progress) began(recorded time.Time) {
	p.change(func(now *Status) { now.Oldest = recorded })
}

// headRead records a reading of the head.
func (p *progress) headRead(h head) {
	p.change(func(now *Status) { now.Head, now.HeadRead = h.Own, h.readAt })
}

// hasCaughtUp records that the session has reached a fresh head.
func (p *progress) hasCaughtUp() {
	p.change(func(now *Status) { now.CaughtUp, now.Failure = true, nil })
}

// broke records the failure of a subscription; the session goes on.
func (p *progress) broke(err error) {
	p.change(func(now *Status) { now.Failure = err })
}

// mended removes the failure of a subscription that works again.
func (p *progress) mended() {
	p.change(func(now *Status) { now.Failure = onlyPoison(now.Failure) })
}

// failed records the error that ended a session.
func (p *progress) failed(err error) {
	p.change(func(now *Status) { now.Leader, now.Waiting, now.CaughtUp, now.Failure = false, false, false, err })
}

// stopped records the end of Run.
func (p *progress) stopped() {
	p.change(func(now *Status) { now.Leader, now.Waiting = false, false })
}

// onlyPoison returns an error if it is a Poison, else nil.
func onlyPoison(err error) error {
	if _, is := err.(*Poison); is { //nolint:errorlint // Run keeps it as it came
		return err
	}
	return nil
}
