package postgres

import (
	"slices"
	"sync"

	"nonassociations/eventstore"
)

// What a tail holds at most; then it begins anew.
const (
	recentCount = 4096
	recentBytes = 16 << 20
)

// recentEvents is the end of the log as this process has written it, so that its own
// subscriptions need not read back what was just appended. It has no gaps: when
// others have written in between, it begins anew.
type recentEvents struct {
	mu     sync.Mutex
	events []eventstore.RecordedEvent
	bytes  int
	added  int // events, since the process began
}

// add takes what a group has committed, in order.
func (t *recentEvents) add(events []eventstore.RecordedEvent) {
	if len(events) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.events)
	gap := n > 0 && t.events[n-1].Position.Commit+1 != events[0].Position.Commit
	if gap || n >= recentCount || t.bytes >= recentBytes {
		t.events, t.bytes = nil, 0
	}
	t.events, t.added = append(t.events, events...), t.added+len(events)
	for _, event := range events {
		t.bytes += len(event.Data) + len(event.Metadata)
	}
}

// now is how many events have been added so far.
func (t *recentEvents) now() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.added
}

// forget is for when nobody knows what the log holds: an append without an answer,
// a Postgres that went away and may come back without its last commits.
func (t *recentEvents) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events, t.bytes = nil, 0
}

// from is at most limit events from a position on, of those added since a moment
// that now told; none when the tail does not reach back, or forward, that far.
func (t *recentEvents) from(position int64, limit, since int) []eventstore.RecordedEvent {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.events) == 0 {
		return nil
	}
	at := position - int64(t.events[0].Position.Commit) //nolint:gosec // from a bigint
	if at < 0 || at >= int64(len(t.events)) || t.added-len(t.events)+int(at) < since {
		return nil
	}
	page := t.events[at:min(at+int64(limit), int64(len(t.events)))]
	return slices.Clip(page) // who appends to it gets a copy
}
