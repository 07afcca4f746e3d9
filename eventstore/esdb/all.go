package esdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"nonassociations/eventstore"
)

// ReadAll implements eventstore.Store. The client cannot make the server filter a
// read, so pages are read until enough events are no system events, or the log ends.
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

// all is the cursor of a read of the whole log.
type all struct {
	direction eventstore.Direction
	from      eventstore.Position
	begun     bool // from is an event that was already read
	size      int  // of the last page
	ended     bool
}

// Page sizes of a read of the whole log.
const (
	// extraEvents are read in addition to the wanted ones, so that a few system events,
	// such as those at the start of every log, cost no second page. Pages double up to
	// maxSize, because the log of an idle server ends with thousands of statistics.
	extraEvents = 8
	maxSize     = 1024
)

// next reads a page, system events included, and moves the cursor.
func (s *Store) next(ctx context.Context, page *all, wanted int) ([]eventstore.RecordedEvent, error) {
	count := max(wanted+extraEvents, min(2*page.size, maxSize))
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
	if repeated { // a forwards read includes the event at its position
		return events[1:], nil
	}
	return events, nil
}

// readAll reads one page, system events included. An event without a position is an
// error, because the next page could not continue from it.
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
		if event.Position == eventstore.Start {
			return nil, errPlaceless
		}
	}
	return events, nil
}

// End implements eventstore.Store. System events count, so one event is read, however
// many of them are at the end.
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

// errPlaceless is the error of an event without a position: the order of the log is
// not known then.
var errPlaceless = fmt.Errorf("%w: the server sent an event of the whole log without its position", eventstore.ErrUnavailable)

// isSystemEvent reports whether an event was written by the server: metadata,
// statistics, and the tombstone, which is in the deleted stream itself.
func isSystemEvent(event eventstore.RecordedEvent) bool {
	return strings.HasPrefix(event.Stream, "$") || strings.HasPrefix(event.Type, "$")
}

// positionOf converts a position for the client. It must always be given: in a
// subscription, the client reads no position as the end.
func positionOf(position eventstore.Position) esdb.AllPosition {
	switch position {
	case eventstore.Start:
		return esdb.Start{}
	case eventstore.End:
		return esdb.End{}
	}
	return esdb.Position{Commit: position.Commit, Prepare: position.Prepare}
}
