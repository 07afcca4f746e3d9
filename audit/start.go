package audit

import (
	"context"
	"errors"
	"fmt"

	"nonassociations/eventstore"
)

// ErrUnavailable is the log's own error: it broke or is away, and asking again
// later may go better.
var ErrUnavailable = eventstore.ErrUnavailable

// Mismatch says that the log is not the one that it was; it is an ErrUnavailable.
type Mismatch = eventstore.Mismatch

// ErrBehindEnd refuses a feed from a position that the log does not reach yet.
var ErrBehindEnd = errors.New("the position lies behind the end of the log")

// within refuses a position behind the end of the log, which is read now: every
// fact between the end and there would be left out in silence. The store's own
// events and places that a subscription named count: they are positions that a
// caller may hold.
func (r *Reader) within(ctx context.Context, from uint64, head eventstore.Position) error {
	if from <= head.Uint64() {
		return nil
	}
	has, err := r.reach.Has(ctx, from)
	if err != nil {
		return fmt.Errorf("compare position %d with the end of the log: %w", from, err)
	}
	if !has {
		return ErrBehindEnd
	}
	return nil
}

// last is the place of the last event of the log, Start when it has none.
func (r *Reader) last(ctx context.Context) (eventstore.Position, error) {
	events, err := r.log.ReadAll(ctx, eventstore.Backwards, eventstore.End, 1)
	if err != nil {
		return eventstore.Start, fmt.Errorf("read the end of the log: %w", err)
	}
	if len(events) == 0 {
		return eventstore.Start, nil
	}
	return events[0].Position, nil
}

// start is a place at or before a position from which the log can be told. The
// position comes from outside and need not be that of an event: EventStoreDB
// counts in bytes and refuses to begin in the middle of one, so every place that
// is subscribed from is one that the log has named itself.
func (r *Reader) start(ctx context.Context, from uint64, head eventstore.Position) (eventstore.Position, error) {
	if head.Uint64() <= from {
		return head, nil
	}
	if from == 0 {
		return eventstore.Start, nil
	}
	asked := eventstore.Position{Commit: from, Prepare: from}
	// An error here may only say that nothing begins there. Whether the log is
	// away is told by what follows.
	events, err := r.log.ReadAll(ctx, eventstore.Forwards, asked, 1)
	if err == nil && len(events) == 1 && events[0].Position == asked {
		return asked, nil
	}
	if from < head.Uint64()/2 {
		return eventstore.Start, ctx.Err() // nearer than the way back from the end
	}
	return r.back(ctx, from, head)
}

// page is how many events the way back takes at once.
const page = 500

// back goes from the end of the log to the last event at or before a position.
func (r *Reader) back(ctx context.Context, from uint64, at eventstore.Position) (eventstore.Position, error) {
	for {
		events, err := r.log.ReadAll(ctx, eventstore.Backwards, at, page)
		if err != nil {
			return eventstore.Start, fmt.Errorf("find the place of position %d: %w", from, err)
		}
		for _, event := range events {
			if at = event.Position; at.Uint64() <= from {
				return at, nil
			}
		}
		if len(events) < page {
			return eventstore.Start, nil
		}
	}
}
