package eventstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
)

// recheckDelays are the delays before a mismatch is reported: a node that has just
// become the leader may lag for a moment.
var recheckDelays = []time.Duration{100 * time.Millisecond, 400 * time.Millisecond}

// compare compares the log with what is known of it, and again after pauses before it
// returns a new mismatch. It returns nil when the log is the same. The caller holds
// the turn. Errors: those of a read, and the context's.
func (v *Verified) compare(ctx context.Context) (*Mismatch, error) {
	for look := 0; ; look++ {
		found, err := v.compareOnce(ctx)
		if err != nil || found == nil || v.Mismatch() != nil || look == len(recheckDelays) {
			return found, err
		}
		timer := time.NewTimer(recheckDelays[look])
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}

// compareOnce is one comparison. When it finds no mismatch, it moves the anchor.
func (v *Verified) compareOnce(ctx context.Context) (*Mismatch, error) {
	latest := v.lastSeen() // read first: the end must not be before it
	id, err := ReadIdentity(ctx, v.store)
	if err != nil && !errors.Is(err, ErrStreamNotFound) {
		return nil, err
	}
	if v.known != uuid.Nil && id != v.known {
		return &Mismatch{Known: v.known, Found: id}, nil
	}
	ends, err := v.store.End(ctx)
	if err != nil {
		return nil, err
	}
	newest, err := v.newest(ctx, ends)
	if err != nil {
		return nil, err
	}
	for _, event := range slices.Compact([]Seen{v.anchor, latest}) {
		instead, there, err := v.isThere(ctx, event, ends)
		if err != nil {
			return nil, err
		}
		if !there {
			return &Mismatch{Known: v.known, Found: id, Lost: event, Instead: instead, End: ends}, nil
		}
	}
	v.known, v.anchor, v.end = id, newest, ends
	v.recordSeen(newest)
	return nil, nil //nolint:nilnil // nothing is wrong, and nothing failed
}

// newest returns the last event of the log that is no system event, the zero Seen when
// there is none. It searches only when the log has grown: an idle server appends
// thousands of system events, which the search would read each time.
func (v *Verified) newest(ctx context.Context, ends Position) (Seen, error) {
	if ends == v.end {
		return v.anchor, nil
	}
	events, err := v.store.ReadAll(ctx, Backwards, End, 1)
	if err != nil || len(events) == 0 {
		return Seen{}, err
	}
	return Seen{events[0].Position, events[0].ID}, nil
}

// isThere reports whether an event is still in a log that ends at a position, and
// which event is at its position instead.
func (v *Verified) isThere(ctx context.Context, event Seen, ends Position) (instead uuid.UUID, there bool, err error) {
	if ends.Before(event.At) {
		return uuid.Nil, false, nil
	}
	if event.ID == uuid.Nil {
		return uuid.Nil, true, nil
	}
	events, err := v.store.ReadAll(ctx, Forwards, event.At, 1)
	if err != nil {
		return uuid.Nil, false, err
	}
	if len(events) == 0 || events[0].Position != event.At {
		return uuid.Nil, false, nil
	}
	return events[0].ID, events[0].ID == event.ID, nil
}
