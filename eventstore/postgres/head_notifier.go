package postgres

import "sync"

// headNotifier holds what this process knows of the end of the log, and wakes the
// subscriptions when there may be more. A notification is only a hint: every login
// that may connect can send one. If a wrong high position was believed, later
// notifications would be ignored.
type headNotifier struct {
	mu sync.Mutex
	// at is the highest position that this process has written or read.
	at uint64
	// announced is the highest position of a hint that no read has confirmed yet, and
	// hints the number of hints.
	announced, hints uint64
	// moves counts the reasons to read, lost the calls of forget.
	moves, lost uint64
	// changed is closed and replaced with each move.
	changed chan struct{}
}

// headSeen is a snapshot of a headNotifier.
type headSeen struct{ at, announced, hints, moves, lost uint64 }

// newHeadNotifier makes a notifier that knows nothing of the head.
func newHeadNotifier() *headNotifier { return &headNotifier{changed: make(chan struct{})} }

// reached records a committed position.
func (h *headNotifier) reached(position uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if position > h.at {
		h.at = position
		h.move()
	}
}

// hint records that a position may be committed. A known position is no reason to
// read.
func (h *headNotifier) hint(position uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if position > h.at {
		h.announced = max(h.announced, position)
		h.hints++
		h.move()
	}
}

// looked records that the log was read to its end after the snapshot before. A hint
// that was not confirmed by that read is wrong.
func (h *headNotifier) looked(before headSeen) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hints == before.hints {
		h.announced = 0
	}
}

// forget drops what is known of the head, after a lost connection: the log may come
// back shorter, and positions may be used again. Every subscription reads again.
func (h *headNotifier) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at, h.announced = 0, 0
	h.lost++
	h.move()
}

// move wakes the subscriptions. The caller holds the lock.
func (h *headNotifier) move() {
	h.moves++
	close(h.changed)
	h.changed = make(chan struct{})
}

// watch returns a snapshot, and a channel that is closed with the next change.
func (h *headNotifier) watch() (headSeen, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return headSeen{h.at, h.announced, h.hints, h.moves, h.lost}, h.changed
}

// since reports whether a subscription has a reason to read from position next. before
// is the snapshot of its last read.
func (h headSeen) since(before headSeen, next int64) bool {
	return h.lost > before.lost || h.moves > before.moves && bigint(max(h.at, h.announced)) >= next
}
