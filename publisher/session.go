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

	line   *line
	memory *statecache.Memory // of the facts that come by
	reread reread
	was    store.Bookmark // where the bookmark is
	heard  time.Time      // when operators were last asked
	halt   func()         // nil until it runs
}

// breath is how long what was told may gather before the bookmark follows: each
// move of it costs a round trip, and a kill in between only tells again.
const breath = 20 * time.Millisecond

// start lets the session speak, once, for as long as the context lives: that of
// the lease.
func (s *session) start(ctx context.Context, wake chan<- struct{}) {
	if s.halt != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := s.line.endWith(ctx)
	var speaking sync.WaitGroup
	for range senders {
		speaking.Go(func() { s.send(ctx) })
	}
	speaking.Go(func() { s.pace(ctx, wake) })
	s.halt = func() {
		cancel()
		speaking.Wait()
		ended()
	}
}

// pace asks for the bookmark to follow.
func (s *session) pace(ctx context.Context, wake chan<- struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.line.moved:
		}
		if !rest(ctx, breath) {
			return
		}
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// holdEvery is how often a session that waits finds out whether it still holds.
const holdEvery = time.Second

// until settles while it waits, so that a session that has lost its lease does
// not wait on.
func (s *session) until(ctx context.Context, conn *store.Conn, wake <-chan struct{}, done func() bool) error {
	tick := time.NewTicker(holdEvery)
	defer tick.Stop()
	for !done() {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.line.room:
		case <-wake:
			err = s.settle(ctx, conn)
		case <-tick.C:
			err = s.settle(ctx, conn)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// drain waits until everything that is on its way is told and written.
func (s *session) drain(ctx context.Context, conn *store.Conn, wake <-chan struct{}) error {
	if err := s.until(ctx, conn, wake, s.line.isEmpty); err != nil {
		return err
	}
	return s.settle(ctx, conn)
}

// settle writes what was told, or finds out that the session still holds.
func (s *session) settle(ctx context.Context, conn *store.Conn) error {
	settlement := s.line.settlement()
	now := s.was
	if s.was.At.Before(settlement.through.at) {
		now.At, now.Last, now.Facts = settlement.through.at, settlement.through.last, settlement.through.facts
	}
	s.step("settling")
	if now == s.was && settlement.work.None() {
		if err := store.Holds(ctx, conn, s.was); err != nil {
			return err
		}
	} else if err := store.Settle(ctx, conn, s.was, now, settlement.work, s.Clock()); err != nil {
		return err
	}
	s.step("settled")
	s.follower.Beat()
	s.was = now
	s.line.settled(settlement)
	return s.listen(ctx, conn)
}

// listen asks what operators want, once a second while there is anything to want.
func (s *session) listen(ctx context.Context, conn *store.Conn) error {
	now := s.Clock()
	if s.line.clear() || now.Sub(s.heard) < holdEvery {
		return nil
	}
	wishes, err := store.Wishes(ctx, conn, string(s.Topic))
	if err != nil {
		return fmt.Errorf("ask what operators want: %w", err)
	}
	s.heard = now
	s.line.hear(wishes)
	return nil
}
