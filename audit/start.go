package audit

import (
	"context"
	"errors"
	"fmt"

	"nonassociations/eventstore"
)

// ErrUnavailable is the error of a log that cannot be reached now. Asking again later
// may succeed.
var ErrUnavailable = eventstore.ErrUnavailable

// Mismatch means that the log is not the one that it was. It is an ErrUnavailable too.
type Mismatch = eventstore.Mismatch

// ErrBeyondEnd refuses a feed from a position that the log has not reached.
var ErrBeyondEnd = errors.New("the position is beyond the end of the log")

// within refuses a position beyond the end of the log, which is read now: facts between
// the end and there would be omitted silently. Events of the store itself and
// checkpoints of subscriptions count, since a caller may hold their positions.
func (r *Reader) within(ctx context.Context, from uint64, head eventstore.Position) error {
	if from <= head.Uint64() {
		return nil
	}
	has, err := r.reach.Has(ctx, from)
	if err != nil {
		return fmt.Errorf("compare position %d with the end of the log: %w", from, err)
	}
	if !has {
		return ErrBeyondEnd
	}
	return nil
}

// last returns the position of the last event of the log, Start when it is empty.
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

// start returns a place at or before a position from which a subscription can begin.
// The position comes from a caller and need not be that of an event. EventStoreDB
// counts in bytes and refuses to begin in the middle of an event, so a subscription
// begins only at a place that the log itself has named.
func (r *Reader) start(ctx context.Context, from uint64, head eventstore.Position) (eventstore.Position, error) {
	if head.Uint64() <= from {
		return head, nil
	}
	if from == 0 {
		return eventstore.Start, nil
	}
	asked := eventstore.Position{Commit: from, Prepare: from}
	// An error here may only mean that no event begins there. Whether the log is down
	// shows in the next call.
	events, err := r.log.ReadAll(ctx, eventstore.Forwards, asked, 1)
	if err == nil && len(events) == 1 && events[0].Position == asked {
		return asked, nil
	}
	if from < head.Uint64()/2 {
		return eventstore.Start, ctx.Err() // it ends sooner than the search from the end
	}
	return r.back(ctx, from, head)
}

// page is how many events the search from the end reads at once.
const page = 500

// back searches from the end of the log for the last event at or before a position.
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
