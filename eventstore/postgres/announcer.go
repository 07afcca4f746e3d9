package postgres

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// announceEvery is the least time between two notifications of one process. A notification
// wakes every process that listens, so a process that writes all the time sends a few of
// them and not one with each commit.
const announceEvery = 25 * time.Millisecond

// announcer decides when other processes are told of what this one has written: at once
// after a pause, and else when the pause is over. A process that is killed in a pause
// leaves that to their polls. It is safe for concurrent use.
type announcer struct {
	every time.Duration // the length of a pause
	// send tells the other processes that the log may reach a position. It may fail.
	send func(position uint64)

	mu      sync.Mutex
	pause   *time.Timer // nil: no notification was sent just now
	owed    uint64      // the highest position that was written in the pause; 0: none
	sending bool        // one notification is under way: the next one waits for the pause behind it
	ended   bool
	sends   sync.WaitGroup
}

// begins reports whether the next append sends the notification itself, with its commit.
// If so, a pause begins.
func (a *announcer) begins() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pause != nil {
		return false
	}
	a.rest()
	return true
}

// wrote records the position of a commit without a notification.
func (a *announcer) wrote(position uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.owed = max(a.owed, position)
	if a.pause == nil { // it was over before the commit
		a.rest()
	}
}

// rest begins a pause. The caller holds the lock.
func (a *announcer) rest() {
	if !a.ended {
		a.pause = time.AfterFunc(a.every, a.over)
	}
}

// over ends a pause. What was written in it is announced, and the next pause begins.
func (a *announcer) over() {
	position := a.due()
	if position == 0 {
		return
	}
	defer a.sends.Done()
	a.send(position)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sending = false
}

// due returns the position to announce at the end of a pause, 0 for none. If there is one,
// the caller ends with sends.Done.
func (a *announcer) due() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pause = nil
	if a.owed == 0 || a.ended {
		return 0
	}
	a.rest()
	if a.sending {
		return 0
	}
	position := a.owed
	a.owed, a.sending = 0, true
	a.sends.Add(1)
	return position
}

// end announces what is owed, and waits for notifications under way. Nothing is announced
// afterwards.
func (a *announcer) end() {
	a.mu.Lock()
	position := a.owed
	a.owed, a.ended = 0, true
	if a.pause != nil {
		a.pause.Stop()
	}
	a.mu.Unlock()
	if position > 0 {
		a.send(position)
	}
	a.sends.Wait()
}

// announce sends the notification that append sends otherwise.
func (s *Store) announce(position uint64) {
	ctx, cancel := context.WithTimeout(s.ctx, readTimeout)
	defer cancel()
	if _, err := s.reading.Exec(ctx, "SELECT pg_notify('eventstore', $1)", strconv.FormatUint(position, 10)); err != nil {
		s.log.DebugContext(ctx, "other processes not told of an append, they find it at their next poll", "error", err)
	}
}
