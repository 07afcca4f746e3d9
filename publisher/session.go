package publisher

import (
	"context"
	"fmt"
	"sync"
	"time"

	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/statecache"
	"nonassociations/publisher/store"
)

// session is the work under one lease, from its beginning to its loss.
type session struct {
	Options

	beat         func()
	health       *health
	pipeline     *pipeline
	cache        *statecache.PairCache // for facts in the order of the log
	reread       reload
	was          store.Checkpoint // as stored; the next update is conditional on it
	requestsRead time.Time        // when requests were last read
	stop         func()           // ends the senders; nil until they run
}

// start runs the senders until ctx ends, which is that of the lease. It is
// called for every batch of the log, and only the first call does anything.
func (s *session) start(ctx context.Context, wake chan<- struct{}) {
	if s.stop != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := s.pipeline.stop(ctx)
	var running sync.WaitGroup
	for range senders {
		running.Go(func() { s.send(ctx) })
	}
	running.Go(func() { s.pace(ctx, wake) })
	s.stop = func() {
		cancel()
		running.Wait()
		ended()
	}
}

// pace wakes the consumer when there is something to commit, at most once in the
// delay of a commit. The consumer and not a sender commits, because the lease's
// connection belongs to its goroutine.
func (s *session) pace(ctx context.Context, wake chan<- struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.pipeline.changed:
		}
		if !consumer.Sleep(ctx, s.delays.commit) {
			return
		}
		signal(wake)
	}
}

// until waits for done and commits meanwhile. A session that has lost its lease
// fails there instead of waiting on.
func (s *session) until(ctx context.Context, conn *store.Conn, wake <-chan struct{}, done func() bool) error {
	tick := time.NewTicker(s.delays.check)
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

// drain waits until everything in the pipeline is delivered or parked, and committed.
func (s *session) drain(ctx context.Context, conn *store.Conn, wake <-chan struct{}) error {
	if err := s.until(ctx, conn, wake, s.pipeline.isEmpty); err != nil {
		return err
	}
	return s.commit(ctx, conn)
}

// commit stores the checkpoint and the changes of parked messages in one
// transaction. With nothing to store it verifies the checkpoint instead. Either
// fails with store.ErrFenced when another session has moved the checkpoint.
func (s *session) commit(ctx context.Context, conn *store.Conn) error {
	changes := s.pipeline.changes()
	now := s.was
	if s.was.At.Before(changes.through.at) {
		now.At, now.Last, now.Facts = changes.through.at, changes.through.last, changes.through.facts
	}
	s.step("committing")
	if now == s.was && changes.work.IsEmpty() {
		if err := store.Verify(ctx, conn, s.was); err != nil {
			return err
		}
	} else if err := store.Commit(ctx, conn, s.was, now, changes.work, s.Clock()); err != nil {
		return err
	}
	s.step("committed")
	s.beat()
	s.was = now
	s.pipeline.committed(changes)
	return s.applyRequests(ctx, conn)
}

// applyRequests reads the requests of operators, at most once in the delay of
// a check, and only while
// a message is parked.
func (s *session) applyRequests(ctx context.Context, conn *store.Conn) error {
	now := s.Clock()
	if s.pipeline.nothingParked() || now.Sub(s.requestsRead) < s.delays.check {
		return nil
	}
	requests, err := store.Requests(ctx, conn, string(s.Topic))
	if err != nil {
		return fmt.Errorf("read the requests of operators: %w", err)
	}
	s.requestsRead = now
	s.pipeline.applyRequests(requests)
	return nil
}

// cachedPairs bounds the cache of folded pairs, in non-associations.
const cachedPairs = 16_384
