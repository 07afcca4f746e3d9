package postgres

import "sync"

// head is the highest position that this process has heard of, and wakes those
// who wait for more. It is a hint: what is in the log only a query says.
type head struct {
	mu      sync.Mutex
	at      uint64
	changed chan struct{} // closed and replaced when at grows
}

func newHead() *head { return &head{changed: make(chan struct{})} }

// reached tells of a position that is committed.
func (h *head) reached(position uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if position <= h.at {
		return
	}
	h.at = position
	close(h.changed)
	h.changed = make(chan struct{})
}

// watch returns the position, and a channel that is closed when it has grown.
func (h *head) watch() (uint64, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at, h.changed
}
