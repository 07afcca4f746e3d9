package postgres

import "sync"

// head is what this process knows of the end of the log, and wakes subscriptions
// when there may be more. A notification is a hint only: anybody who may connect
// can send a wrong one, and one that were believed would drown all later ones.
type head struct {
	mu      sync.Mutex
	at      uint64        // the highest position that was written or read here
	told    uint64        // the highest position of a hint that nobody has followed yet
	hints   uint64        // how many there were
	moves   uint64        // how often there was reason to look
	lost    uint64        // how often all of this was forgotten
	changed chan struct{} // closed and replaced with each of them
}

// heard is what was known of the head at one moment.
type heard struct{ at, told, hints, moves, lost uint64 }

func newHead() *head { return &head{changed: make(chan struct{})} }

// reached tells of a position that is committed.
func (h *head) reached(position uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if position > h.at {
		h.at = position
		h.move()
	}
}

// hint tells that a position may be committed. One that is known is no reason to
// look.
func (h *head) hint(position uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if position > h.at {
		h.told = max(h.told, position)
		h.hints++
		h.move()
	}
}

// looked tells that the log was read to its end after before was heard: a hint that
// has not come true by then is wrong.
func (h *head) looked(before heard) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hints == before.hints {
		h.told = 0
	}
}

// forget is for when nobody knows what the log holds: it may come back shorter,
// and then what was old news is new. Every subscription looks again.
func (h *head) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at, h.told = 0, 0
	h.lost++
	h.move()
}

func (h *head) move() {
	h.moves++
	close(h.changed)
	h.changed = make(chan struct{})
}

// watch returns what is known, and a channel that is closed when more is.
func (h *head) watch() (heard, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return heard{h.at, h.told, h.hints, h.moves, h.lost}, h.changed
}

// since reports whether there is reason to look at next for a subscription that
// last read the log when before was known.
func (h heard) since(before heard, next int64) bool {
	return h.lost > before.lost || h.moves > before.moves && bigint(max(h.at, h.told)) >= next
}
