package publisher

import (
	"context"
	"fmt"
	"sync"
	"time"

	"nonassociations/eventstore/statecache"
	"nonassociations/publisher/store"
)

// session is what belongs to one lease.
type session struct {
	*Publisher

	pipeline     *pipeline
	cache        *statecache.PairCache // of the facts that come by
	reread       reload
	was          store.Checkpoint // where the checkpoint is
	acknowledged time.Time        // when operators were last asked
	stop         func()           // nil until it runs
}

// commitDelay is how long what was told may gather before the checkpoint follows: each
// move of it costs a round trip, and a kill in between only tells again.
const commitDelay = 20 * time.Millisecond

// start lets the session speak, once, for as long as the context lives: that of
// the lease.
func (s *session) start(ctx context.Context, wake chan<- struct{}) {
	if s.stop != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := s.pipeline.stop(ctx)
	var speaking sync.WaitGroup
	for range senders {
		speaking.Go(func() { s.send(ctx) })
	}
	speaking.Go(func() { s.pace(ctx, wake) })
	s.stop = func() {
		cancel()
		speaking.Wait()
		ended()
	}
}

// pace asks for the checkpoint to follow.
func (s *session) pace(ctx context.Context, wake chan<- struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.pipeline.changed:
		}
		if !remaining(ctx, commitDelay) {
			return
		}
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// checkLeaseEvery is how often a session that waits finds out whether it still holds.
const checkLeaseEvery = time.Second

// until settles while it waits, so that a session that has lost its lease does
// not wait on.
func (s *session) until(ctx context.Context, conn *store.Conn, wake <-chan struct{}, done func() bool) error {
	tick := time.NewTicker(checkLeaseEvery)
	defer tick.Stop()
	for !done() {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.pipeline.capacity:
		case <-wake:
			err = s.commit(ctx, conn)
		case <-tick.C:
			err = s.commit(ctx, conn)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// drain waits until everything that is on its way is told and written.
func (s *session) drain(ctx context.Context, conn *store.Conn, wake <-chan struct{}) error {
	if err := s.until(ctx, conn, wake, s.pipeline.isEmpty); err != nil {
		return err
	}
	return s.commit(ctx, conn)
}

// commit writes what was told, or finds out that the session still holds.
func (s *session) commit(ctx context.Context, conn *store.Conn) error {
	settlement := s.pipeline.changes()
	now := s.was
	if s.was.At.Before(settlement.through.at) {
		now.At, now.Last, now.Facts = settlement.through.at, settlement.through.last, settlement.through.facts
	}
	s.step("settling")
	if now == s.was && settlement.work.IsEmpty() {
		if err := store.Verify(ctx, conn, s.was); err != nil {
			return err
		}
	} else if err := store.Commit(ctx, conn, s.was, now, settlement.work, s.Clock()); err != nil {
		return err
	}
	s.step("settled")
	s.consumer.Beat()
	s.was = now
	s.pipeline.committed(settlement)
	return s.applyRequests(ctx, conn)
}

// applyRequests asks what operators want, once a second while there is anything to want.
func (s *session) applyRequests(ctx context.Context, conn *store.Conn) error {
	now := s.Clock()
	if s.pipeline.clear() || now.Sub(s.acknowledged) < checkLeaseEvery {
		return nil
	}
	wishes, err := store.Requests(ctx, conn, string(s.Topic))
	if err != nil {
		return fmt.Errorf("ask what operators want: %w", err)
	}
	s.acknowledged = now
	s.pipeline.applyRequest(wishes)
	return nil
}
