package postgres

import (
	"slices"
	"sync"

	"nonassociations/eventstore"
)

// Limits of recentEvents. When one is reached, it starts anew.
const (
	recentCount = 4096
	recentBytes = 16 << 20
)

// recentEvents holds the last events of the log as this process has written them, so
// that its own subscriptions need not read back what was just appended. It has no
// gaps: when another process has written in between, it starts anew.
type recentEvents struct {
	mu     sync.Mutex
	events []eventstore.RecordedEvent
	bytes  int
	added  int // number of events added since the process began
}

// add appends the events of a committed group, in order.
func (r *recentEvents) add(events []eventstore.RecordedEvent) {
	if len(events) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.events)
	gap := n > 0 && r.events[n-1].Position.Commit+1 != events[0].Position.Commit
	if gap || n >= recentCount || r.bytes >= recentBytes {
		r.events, r.bytes = nil, 0
	}
	r.events, r.added = append(r.events, events...), r.added+len(events)
	for _, event := range events {
		r.bytes += len(event.Data) + len(event.Metadata)
	}
}

// now returns the number of events added so far, a moment for from.
func (r *recentEvents) now() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.added
}

// forget drops all events when the content of the log is not certain: after an append
// without an answer, or when Postgres was down and may have lost its last commits.
func (r *recentEvents) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events, r.bytes = nil, 0
}

// from returns at most limit events from a position on, and only events added since
// a moment of now. It returns none when it does not hold that position.
func (r *recentEvents) from(position int64, limit, since int) []eventstore.RecordedEvent {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.events) == 0 {
		return nil
	}
	at := position - int64(r.events[0].Position.Commit) //nolint:gosec // from a bigint
	if at < 0 || at >= int64(len(r.events)) || r.added-len(r.events)+int(at) < since {
		return nil
	}
	page := r.events[at:min(at+int64(limit), int64(len(r.events)))]
	return slices.Clip(page) // an append to it makes a copy
}
