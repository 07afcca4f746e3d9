package esdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"nonassociations/eventstore"
)

// ReadAll is eventstore.Store's. The client cannot ask the server to filter, so
// pages are read until enough events are ours or the log ends.
func (s *Store) ReadAll(ctx context.Context, direction eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error) {
	var ours []eventstore.RecordedEvent
	page := all{direction: direction, from: from}
	for len(ours) < limit && !page.ended {
		events, err := s.next(ctx, &page, limit-len(ours))
		if err != nil {
			return nil, fmt.Errorf("read the whole log: %w", err)
		}
		for _, event := range events {
			if !isSystemEvent(event) && len(ours) < limit {
				ours = append(ours, event)
			}
		}
	}
	return ours, nil
}

// all is how far a read of the whole log has come.
type all struct {
	direction eventstore.Direction
	from      eventstore.Position
	begun     bool // from is an event that was read already
	size      int  // of the page that was read last
	ended     bool
}

// spare is read beside what is wanted, so that a few system events, such as
// those at the start of every log, cost no second page. A server that has been
// idle ends with thousands of its own statistics, so pages grow.
const (
	spareEvents = 8
	maxSize     = 1024
)

// next reads a page, the system events in it.
func (s *Store) next(ctx context.Context, page *all, wanted int) ([]eventstore.RecordedEvent, error) {
	count := max(wanted+spareEvents, min(2*page.size, maxSize))
	page.size = count
	options := esdb.ReadAllOptions{Direction: readDirection(page.direction), From: positionOf(page.from)}
	events, err := s.readAll(ctx, options, count)
	if err != nil {
		return nil, err
	}
	page.ended = len(events) < count
	if len(events) == 0 {
		return nil, nil
	}
	repeated := page.begun && page.direction == eventstore.Forwards && events[0].Position == page.from
	page.from, page.begun = events[len(events)-1].Position, true
	if repeated { // forwards a position includes its own event
		return events[1:], nil
	}
	return events, nil
}

// readAll reads once, whoever wrote the events.
func (s *Store) readAll(ctx context.Context, options esdb.ReadAllOptions, count int) ([]eventstore.RecordedEvent, error) {
	events, err := call(ctx, s, rightToReadAll, func(ctx context.Context, client *esdb.Client) ([]eventstore.RecordedEvent, error) {
		opened, err := client.ReadAll(ctx, options, uint64(count)) //nolint:gosec // a limit is positive
		if err != nil {
			rediscover(ctx, client, err)
			return nil, err
		}
		return receive(opened)
	})
	if err != nil {
		return nil, err
	}
	for _, event := range events {
		if event.Position == eventstore.Start { // nothing could go on from there
			return nil, errPlaceless
		}
	}
	return events, nil
}

// End is eventstore.Store's. The last event counts whoever wrote it, so one is
// read, however many of the server's own lie at the end.
func (s *Store) End(ctx context.Context) (eventstore.Position, error) {
	options := esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}
	events, err := s.readAll(ctx, options, 1)
	if err != nil {
		return eventstore.Start, fmt.Errorf("read the end of the log: %w", err)
	}
	if len(events) == 0 {
		return eventstore.Start, nil
	}
	return events[0].Position, nil
}

// errPlaceless says that the order of the log cannot be followed.
var errPlaceless = fmt.Errorf("%w: the server sent an event of the whole log without its position", eventstore.ErrUnavailable)

// isSystemEvent tells whether an event is the server's own: metadata, statistics,
// and the tombstone that it writes into the stream itself.
func isSystemEvent(event eventstore.RecordedEvent) bool {
	return strings.HasPrefix(event.Stream, "$") || strings.HasPrefix(event.Type, "$")
}

// positionOf is a position as the client wants it. It must always be given: the
// client takes nothing to mean the end, in subscriptions.
func positionOf(position eventstore.Position) esdb.AllPosition {
	switch position {
	case eventstore.Start:
		return esdb.Start{}
	case eventstore.End:
		return esdb.End{}
	}
	return esdb.Position{Commit: position.Commit, Prepare: position.Prepare}
}
