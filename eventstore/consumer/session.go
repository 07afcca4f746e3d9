package consumer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
	"nonassociations/internal/pg/lease"
)

// session is the work under one lease: subscribe, decode, batch, apply, move the
// checkpoint. It ends with the first error, and Run begins the next one. Three
// positions move: applied (the handler has the event), written (the stored checkpoint)
// and head (the end of the log when it was last read). written never exceeds applied,
// and the consumer has caught up once applied reaches a fresh head. The fields below
// sub belong to the goroutine of work.
type session[T any] struct {
	consumer *Consumer[T]
	conn     *pgx.Conn
	items    chan item[T]  // bounded: a slow handler slows the subscription down
	heads    chan head     // from watchHead
	kick     chan struct{} // asks watchHead for a head; holds at most one request
	sub      subscription

	applied  eventstore.Position // every event of the prefixes up to here is applied
	written  eventstore.Position // the handler's checkpoint
	recorded time.Time           // of the last event applied
	head     head
	live     bool
	caughtUp bool
	usedAt   time.Time // when the connection last answered
	batchAt  time.Time // when the last batch with events was applied
	newest   eventRef  // the last event of the current batch
	last     int       // number of events of the last batch
	more     bool      // the last batch had More set, so its commit may be pending
	wanted   bool      // something waited for the last batch with events
}

const (
	tickEvery      = 250 * time.Millisecond
	checkLeaseTime = 5 * time.Second // bounds one CheckLease
)

// runSession connects, acquires the lease and works until an error ends the session.
// It always returns an error: the context's when that ended.
func (c *Consumer[T]) runSession(ctx context.Context) error {
	conn, err := lease.Connect(ctx, c.options.DSN, c.options.Name)
	if err != nil {
		return err
	}
	defer lease.Close(conn)
	if err := c.handler.Check(ctx, conn); err != nil {
		return err
	}
	if err := lease.Acquire(ctx, conn, c.options.Name, c.options.Logger, c.status.waiting); err != nil {
		return err
	}
	from, err := c.handler.LoadCheckpoint(ctx, conn)
	if err != nil {
		return err
	}
	c.status.leading(from)
	c.claim(ctx, conn)
	s := &session[T]{
		consumer: c, conn: conn,
		items: make(chan item[T], c.options.Catchup),
		heads: make(chan head), kick: make(chan struct{}, 1),
		applied: from, written: from, usedAt: c.options.Clock(),
	}
	s.sub.received = from
	ctx, cancel := context.WithCancel(ctx)
	var helpers sync.WaitGroup
	helpers.Go(func() { s.subscribe(ctx) })
	helpers.Go(func() { s.watchHead(ctx) })
	helpers.Go(func() { c.writeRow(ctx, conn.PgConn().PID()) })
	defer helpers.Wait()
	defer cancel()
	err = s.work(ctx)
	c.keepFault(ctx, err)
	return err
}

// work is the loop of the session. Each completed step is a heartbeat.
func (s *session[T]) work(ctx context.Context) error {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case it := <-s.items:
			err = s.workOn(ctx, it)
		case s.head = <-s.heads:
			err = s.checkCaughtUp(ctx)
		case <-tick.C:
			err = s.idle(ctx)
		case <-s.consumer.options.Wake:
			err = s.checkLease(ctx)
		}
		if err != nil {
			return err
		}
		s.consumer.Beat()
	}
}

// workOn applies the items that have arrived, up to a Poison if there is one.
func (s *session[T]) workOn(ctx context.Context, first item[T]) error {
	wasLive := s.live
	if !s.collect(ctx) {
		return ctx.Err()
	}
	// It stays closed although Apply serves whatever waits.
	wanted := s.consumer.options.Wanted()
	s.consumer.status.began(first.recorded)
	batch, poison := s.gather(first)
	s.last = len(batch.Events)
	batch.More = !s.live && poison == nil && !s.consumer.isCareful(s.applied)
	if len(batch.Events) > 0 || s.live != wasLive || poison != nil {
		if err := s.apply(ctx, batch); err != nil {
			return err
		}
	} else {
		s.advance(batch.Through)
	}
	if len(batch.Events) > 0 {
		s.wanted = isClosed(wanted)
	}
	if poison != nil {
		return poison
	}
	return s.checkCaughtUp(ctx)
}

// gather makes a batch of the items that have arrived, and never waits for more.
func (s *session[T]) gather(it item[T]) (Batch[T], *Poison) {
	batch := Batch[T]{Through: s.applied, Events: make([]T, 0, min(len(s.items)+1, s.batchLimit()))}
	for {
		if it.poison != nil {
			return batch, it.poison
		}
		if it.live {
			s.live = true
		}
		if batch.Through.Before(it.position) {
			batch.Through = it.position
		}
		if it.event {
			batch.Events = append(batch.Events, it.value)
			s.recorded, s.newest = it.recorded, it.eventRef
		}
		if len(batch.Events) >= s.batchLimit() {
			return batch, nil
		}
		select {
		case it = <-s.items:
		default:
			return batch, nil
		}
	}
}

// batchLimit is the largest number of events of the next batch.
func (s *session[T]) batchLimit() int {
	switch {
	case s.consumer.isCareful(s.applied):
		return 1
	case s.live:
		return s.consumer.options.Live
	default:
		return s.consumer.options.Catchup
	}
}

// apply passes one batch to the handler. If Postgres refuses the data, the next
// session applies event by event up to the end of this batch.
func (s *session[T]) apply(ctx context.Context, batch Batch[T]) error {
	err := s.consumer.handler.Apply(ctx, s.conn, batch)
	if err != nil && causedByData(err) {
		s.consumer.slowDown(batch.Through)
		if !s.consumer.isRace(err, batch.Through) {
			return s.poisonBatch(batch, err)
		}
	}
	if err != nil {
		return fmt.Errorf("apply a batch of %d events up to %s: %w", len(batch.Events), batch.Through, err)
	}
	s.advance(batch.Through)
	s.written, s.usedAt, s.more = s.applied, s.consumer.options.Clock(), batch.More
	if len(batch.Events) > 0 {
		s.batchAt = s.usedAt
	}
	s.consumer.status.applied(s.applied, s.recorded, len(s.items))
	s.consumer.moved(len(batch.Events))
	return nil
}

// advance advances the applied position and never moves it back.
func (s *session[T]) advance(to eventstore.Position) {
	if s.applied.Before(to) {
		s.applied = to
	}
}

// checkCaughtUp marks the consumer caught up once it has applied everything up to a
// head that is still fresh. A stale head is read again first.
func (s *session[T]) checkCaughtUp(ctx context.Context) error {
	if s.head.readAt.IsZero() || s.applied.Before(s.head.Own) {
		return nil
	}
	s.advance(s.head.End) // only events of other streams are between
	if s.caughtUp || !s.live {
		return nil
	}
	if s.consumer.options.Clock().Sub(s.head.readAt) > HeadAge {
		s.lookAtHead()
		return nil
	}
	if err := s.consumer.handler.CaughtUp(ctx, s.conn); err != nil {
		return fmt.Errorf("store having caught up: %w", err)
	}
	s.caughtUp = true
	s.consumer.status.hasCaughtUp()
	s.consumer.moved(1)
	return nil
}

// passed reports whether a time has passed since a moment. A clock that was set back must
// not make it longer.
func (s *session[T]) passed(at time.Time, limit time.Duration) bool {
	since := s.consumer.options.Clock().Sub(at)
	return since < 0 || since >= limit
}

// idle runs between batches. It stores the checkpoint when only events of other
// streams have passed, flushes a commit that the handler delays for more events, and
// checks the lease.
func (s *session[T]) idle(ctx context.Context) error {
	quiet := s.passed(s.usedAt, s.consumer.options.Intervals.Lease)
	if s.written.Uint64() < s.applied.Uint64() || s.more && quiet {
		return s.apply(ctx, Batch[T]{Through: s.applied})
	}
	if !quiet {
		return nil
	}
	return s.checkLease(ctx)
}

// checkLease asks the handler whether the session still holds. A connection that hangs
// counts as lost after its time limit.
func (s *session[T]) checkLease(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkLeaseTime)
	defer cancel()
	if err := s.consumer.handler.CheckLease(ctx, s.conn); err != nil {
		return fmt.Errorf("hold the lease: %w", err)
	}
	s.usedAt = s.consumer.options.Clock()
	return nil
}
