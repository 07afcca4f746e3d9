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

// session is the life of one lease: one connection, one place to go on from.
type session[T any] struct {
	consumer *Consumer[T]
	conn     *pgx.Conn
	items    chan item[T] // bounded: a slow handler holds the subscription up
	heads    chan head
	kick     chan struct{}
	sub      subscription

	applied  eventstore.Position // everything of ours up to here is worked on
	written  eventstore.Position // what the handler remembers
	recorded time.Time           // of the last event applied
	head     head
	live     bool
	caughtUp bool
	usedAt   time.Time // when the connection last answered
	newest   eventRef  // event of the batch in hand
	last     int       // events of the last batch
	more     bool      // the handler was told that more would come
}

const (
	tickEvery       = 250 * time.Millisecond
	checkLeaseAfter = time.Second
	checkLeaseTime  = 5 * time.Second
)

// A batch costs about as much as ten events. Behind one that was a crowd the
// next may gather for a moment; who comes alone never waits.
const (
	coalesceThreshold = 16
	coalesceDelay     = 25 * time.Millisecond
)

// run ends with the context or with the error that ended the session.
func (f *Consumer[T]) runSession(ctx context.Context) error {
	conn, err := lease.Connect(ctx, f.options.DSN, f.options.Name)
	if err != nil {
		return err
	}
	defer lease.Close(conn)
	if err := f.handler.Check(ctx, conn); err != nil {
		return err
	}
	if err := lease.Acquire(ctx, conn, f.options.Name, f.options.Logger, f.status.waiting); err != nil {
		return err
	}
	from, err := f.handler.LoadCheckpoint(ctx, conn)
	if err != nil {
		return err
	}
	f.status.leading(from)
	f.claim(ctx, conn)
	s := &session[T]{
		consumer: f, conn: conn,
		items: make(chan item[T], f.options.Catchup),
		heads: make(chan head), kick: make(chan struct{}, 1),
		applied: from, written: from, usedAt: f.options.Clock(),
	}
	s.sub.received = from
	ctx, cancel := context.WithCancel(ctx)
	var helpers sync.WaitGroup
	helpers.Go(func() { s.subscribe(ctx) })
	helpers.Go(func() { s.watchHead(ctx) })
	helpers.Go(func() { f.writeRow(ctx, conn.PgConn().PID()) })
	defer helpers.Wait()
	defer cancel()
	err = s.work(ctx)
	f.keepFault(ctx, err)
	return err
}

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

// workOn applies what is there, up to a poison event if there is one.
func (s *session[T]) workOn(ctx context.Context, first item[T]) error {
	wasLive := s.live
	if s.live && s.last >= coalesceThreshold && !pause(ctx, coalesceDelay) {
		return ctx.Err()
	}
	s.consumer.status.began(first.recorded)
	batch, poison := s.gather(first)
	s.last = len(batch.Events)
	batch.More = !s.live && poison == nil && !s.consumer.isCareful(s.applied)
	if len(batch.Events) > 0 || s.live != wasLive || poison != nil {
		if err := s.apply(ctx, batch); err != nil {
			return err
		}
	} else {
		s.move(batch.Through)
	}
	if poison != nil {
		return poison
	}
	return s.checkCaughtUp(ctx)
}

// gather takes as much as is there, and never waits for more.
func (s *session[T]) gather(it item[T]) (Batch[T], *Poison) {
	batch := Batch[T]{Through: s.applied, Events: make([]T, 0, min(len(s.items)+1, s.most()))}
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
		if len(batch.Events) >= s.most() {
			return batch, nil
		}
		select {
		case it = <-s.items:
		default:
			return batch, nil
		}
	}
}

func (s *session[T]) most() int {
	switch {
	case s.consumer.isCareful(s.applied):
		return 1
	case s.live:
		return s.consumer.options.Live
	default:
		return s.consumer.options.Catchup
	}
}

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
	s.move(batch.Through)
	s.written, s.usedAt, s.more = s.applied, s.consumer.options.Clock(), batch.More
	s.consumer.status.applied(s.applied, s.recorded, len(s.items))
	s.consumer.moved(len(batch.Events))
	return nil
}

func (s *session[T]) move(to eventstore.Position) {
	if s.applied.Before(to) {
		s.applied = to
	}
}

// checkCaughtUp draws conclusions from the last head read.
func (s *session[T]) checkCaughtUp(ctx context.Context) error {
	if s.head.readAt.IsZero() || s.applied.Before(s.head.Own) {
		return nil
	}
	s.move(s.head.End) // what lies between is not ours
	if s.caughtUp || !s.live {
		return nil
	}
	if s.consumer.options.Clock().Sub(s.head.readAt) > HeadAge {
		s.lookAtHead()
		return nil
	}
	if err := s.consumer.handler.CaughtUp(ctx, s.conn); err != nil {
		return fmt.Errorf("remember having caught up: %w", err)
	}
	s.caughtUp = true
	s.consumer.status.hasCaughtUp()
	s.consumer.moved(1)
	return nil
}

// idle writes down a place that moved without events of ours, ends what waits
// for more that does not come, and finds out whether the session still holds.
func (s *session[T]) idle(ctx context.Context) error {
	quiet := s.consumer.options.Clock().Sub(s.usedAt) >= checkLeaseAfter
	if s.written.Uint64() < s.applied.Uint64() || s.more && quiet {
		return s.apply(ctx, Batch[T]{Through: s.applied})
	}
	if !quiet {
		return nil
	}
	return s.checkLease(ctx)
}

func (s *session[T]) checkLease(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkLeaseTime)
	defer cancel()
	if err := s.consumer.handler.CheckLease(ctx, s.conn); err != nil {
		return fmt.Errorf("hold the lease: %w", err)
	}
	s.usedAt = s.consumer.options.Clock()
	return nil
}
