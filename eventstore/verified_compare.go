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
	found := Mismatch{Known: v.known, Found: id, End: ends}
	if lost, err := v.firstLost(ctx, found, v.anchor, latest); lost != nil || err != nil {
		return lost, err
	}
	newest, err := v.newest(ctx, ends)
	if err != nil {
		return nil, err
	}
	// The log may have become another one, or the right one again, while it was compared:
	// what is later compared with must be of the log in which the events are still there.
	if newest != v.anchor {
		if found.End.Before(newest.At) {
			found.End = newest.At
		}
		if lost, err := v.firstLost(ctx, found, v.anchor, latest, newest); lost != nil || err != nil {
			return lost, err
		}
	}
	v.known, v.anchor, v.end = id, newest, ends
	v.recordSeen(newest)
	return nil, nil //nolint:nilnil // nothing is wrong, and nothing failed
}

// firstLost returns found with the first of some events that is not in the log, which ends
// at its End; nil when all are there.
func (v *Verified) firstLost(ctx context.Context, found Mismatch, events ...Seen) (*Mismatch, error) {
	for _, event := range slices.Compact(events) {
		instead, there, err := v.isThere(ctx, event, found.End)
		if err != nil {
			return nil, err
		}
		if !there {
			found.Lost, found.Instead = event, instead
			return &found, nil
		}
	}
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
