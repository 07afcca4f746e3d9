package postgres

import (
	"context"
	"fmt"
	"time"

	"nonassociations/eventstore"
)

// pageSize bounds the memory of a subscription and the age of its snapshots.
const pageSize = 1000

// A query costs about as much as ten events. After a page of many events the next one
// collects for a moment; an event that comes alone is never delayed.
const (
	coalesceThreshold = 16
	coalesceDelay     = 10 * time.Millisecond
)

// subscription is the state of one Subscribe.
type subscription struct {
	store    *Store
	prefixes []string
	deliver  func(eventstore.Message) error
	// next is the first position that was not delivered or filtered out yet.
	next int64
	// seen is the snapshot of the head from before the last read.
	seen     headSeen
	caughtUp bool
	// since is the moment of recentEvents from before the query that caught up: events
	// that were added earlier may be from before a restart of Postgres.
	since int
}

// Subscribe implements eventstore.Store. Catching up and live delivery are one loop
// over pages. Notifications only determine when the next page is read.
func (s *Store) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	sub := &subscription{store: s, prefixes: prefixes, deliver: deliver, next: firstAfter(from)}
	if from == eventstore.End {
		head, err := s.readHead(ctx)
		if err != nil {
			return fmt.Errorf("subscribe to %q: %w", prefixes, err)
		}
		sub.next = head + 1
	}
	for {
		page, err := sub.page(ctx)
		if err != nil {
			return fmt.Errorf("subscribe to %q: %w", prefixes, err)
		}
		if err := sub.work(ctx, page); err != nil {
			return err
		}
		if len(page) == pageSize {
			continue // a full page: there is probably more
		}
		if len(page) >= coalesceThreshold {
			pause(ctx, coalesceDelay)
		}
		if err := sub.wait(ctx); err != nil {
			return fmt.Errorf("subscribe to %q: %w", prefixes, err)
		}
	}
}

// page returns the next events. Until the end of the log was reached by a query, each
// page is one. After that, events that this process wrote come from memory.
func (s *subscription) page(ctx context.Context) ([]eventstore.RecordedEvent, error) {
	if !s.caughtUp {
		s.since = s.store.recent.now()
	} else if page := s.store.recent.from(s.next, pageSize, s.since); len(page) > 0 {
		return page, nil
	}
	head := s.store.head
	s.seen, _ = head.watch()
	page, err := s.store.query(ctx, allForwardsSQL, s.next, pageSize)
	if err != nil {
		return nil, err
	}
	if len(page) > 0 {
		head.reached(page[len(page)-1].Position.Commit)
	}
	if len(page) < pageSize {
		head.looked(s.seen)
	}
	return page, nil
}

// pause waits for a moment or for the end of the context.
func pause(ctx context.Context, moment time.Duration) {
	timer := time.NewTimer(moment)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// readHead returns the last position of the table, 0 when it is empty.
func (s *Store) readHead(ctx context.Context) (int64, error) {
	return readWithRetry(ctx, s, func(ctx context.Context) (head int64, err error) {
		err = s.reading.QueryRow(ctx, "SELECT coalesce(max(position), 0) FROM eventstore.events").Scan(&head)
		return head, err
	})
}

// work delivers the events of a page. A checkpoint follows when the last events were
// filtered out, and before CaughtUp.
func (s *subscription) work(ctx context.Context, page []eventstore.RecordedEvent) error {
	delivered := true
	for _, event := range page {
		if err := s.store.rejection(ctx); err != nil {
			return fmt.Errorf("subscribe to %q: %w", s.prefixes, err)
		}
		s.next = int64(event.Position.Commit) + 1 //nolint:gosec // from a bigint
		if delivered = eventstore.HasPrefix(event.Stream, s.prefixes); !delivered {
			continue
		}
		if err := s.deliver(eventstore.Message{Kind: eventstore.EventAppeared, Event: event, Position: event.Position}); err != nil {
			return err
		}
	}
	arrived := !s.caughtUp && len(page) < pageSize
	if !delivered || arrived {
		if err := s.deliver(eventstore.Message{Kind: eventstore.Checkpoint, Position: positionAt(s.next - 1)}); err != nil {
			return err
		}
	}
	if !arrived {
		return nil
	}
	s.caughtUp = true
	return s.deliver(eventstore.Message{Kind: eventstore.CaughtUp})
}

// wait returns when there may be more to read. A hint from before the last read is no
// reason, so a wrong hint does not cause a busy loop.
func (s *subscription) wait(ctx context.Context) error {
	poll := time.NewTimer(s.store.poll)
	defer poll.Stop()
	for {
		head, changed := s.store.head.watch()
		if head.since(s.seen, s.next) {
			return nil
		}
		select {
		case <-changed:
		case <-poll.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-s.store.closing:
			return s.store.rejection(ctx)
		}
	}
}
