package postgres

import (
	"slices"
	"sync"

	"nonassociations/eventstore"
)

// tailEvents is how many events a tail keeps at least, once it has had them.
const tailEvents = 2048

// tail is the end of the log as this process has written it, so that its own
// subscriptions need not read back what was just appended. It has no gaps: when
// others have written in between, it begins anew.
type tail struct {
	mu     sync.Mutex
	events []eventstore.Recorded
}

// add takes what a group has committed, in order.
func (t *tail) add(events []eventstore.Recorded) {
	if len(events) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.events); n > 0 && t.events[n-1].Position.Commit+1 != events[0].Position.Commit {
		t.events = nil
	}
	if len(t.events) > 2*tailEvents {
		t.events = slices.Clone(t.events[len(t.events)-tailEvents:])
	}
	t.events = append(t.events, events...)
}

// from is at most limit events from a position on; none when the tail does not
// reach back, or forward, that far.
func (t *tail) from(position int64, limit int) []eventstore.Recorded {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.events) == 0 {
		return nil
	}
	at := position - int64(t.events[0].Position.Commit) //nolint:gosec // from a bigint
	if at < 0 || at >= int64(len(t.events)) {
		return nil
	}
	page := t.events[at:min(at+int64(limit), int64(len(t.events)))]
	return slices.Clip(page) // who appends to it gets a copy
}
