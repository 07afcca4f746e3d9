package postgres

import "sync"

// headNotifier is what this process knows of the end of the log, and wakes subscriptions
// when there may be more. A notification is a hint only: anybody who may connect
// can send a wrong one, and one that were believed would drown all later ones.
type headNotifier struct {
	mu        sync.Mutex
	at        uint64        // the highest position that was written or read here
	announced uint64        // the highest position of a hint that nobody has followed yet
	hints     uint64        // how many there were
	moves     uint64        // how often there was reason to look
	lost      uint64        // how often all of this was forgotten
	changed   chan struct{} // closed and replaced with each of them
}

// headSeen is what was known of the head at one moment.
type headSeen struct{ at, told, hints, moves, lost uint64 }

func newHeadNotifier() *headNotifier { return &headNotifier{changed: make(chan struct{})} }

// reached tells of a position that is committed.
func (h *headNotifier) reached(position uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if position > h.at {
		h.at = position
		h.move()
	}
}

// hint tells that a position may be committed. One that is known is no reason to
// look.
func (h *headNotifier) hint(position uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if position > h.at {
		h.announced = max(h.announced, position)
		h.hints++
		h.move()
	}
}

// looked tells that the log was read to its end after before was heard: a hint that
// has not come true by then is wrong.
func (h *headNotifier) looked(before headSeen) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hints == before.hints {
		h.announced = 0
	}
}

// forget is for when nobody knows what the log holds: it may come back shorter,
// and then what was old news is new. Every subscription looks again.
func (h *headNotifier) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at, h.announced = 0, 0
	h.lost++
	h.move()
}

func (h *headNotifier) move() {
	h.moves++
	close(h.changed)
	h.changed = make(chan struct{})
}

// watch returns what is known, and a channel that is closed when more is.
func (h *headNotifier) watch() (headSeen, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return headSeen{h.at, h.announced, h.hints, h.moves, h.lost}, h.changed
}

// since reports whether there is reason to look at next for a subscription that
// last read the log when before was known.
func (h headSeen) since(before headSeen, next int64) bool {
	return h.lost > before.lost || h.moves > before.moves && bigint(max(h.at, h.told)) >= next
}
