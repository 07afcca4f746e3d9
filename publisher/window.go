package publisher

import "time"

// pendingPosition is a place of the log that is done when its messages are delivered or
// parked. Slots stand in the order of the log; one that is done goes along with
// the one before it.
type pendingPosition struct {
	position     logPlace
	open         int       // messages
	oldest       time.Time // when the first fact in it was recorded
	before, next *pendingPosition
}

// window is what the checkpoint has not passed yet.
type window struct {
	limit       int              // of open slots, unless too few letters of them can be sent
	first, last *pendingPosition // open, all of them
	open        int
	fronts      int      // letters in them whose turn has come
	through     logPlace // everything up to here is delivered or parked
}

const (
	// probeLimit are how many pairs must have a message in flight before a full window
	// stops the reading. With fewer, the facts of some pairs fill it, and nothing
	// says whether SNS takes those of others.
	probeLimit = senders
	// maxWidth bounds what is read beyond a full window, in windows.
	maxWidth = 16
)

// isFull tells whether no more of the log must be read now.
func (w *window) isFull() bool {
	return w.open >= w.limit && (w.fronts >= probeLimit || w.open >= maxWidth*w.limit)
}

// isWide reports whether so much was read beyond a full window that no more
// bodies are kept. A chunk that the last room of a window takes is not yet that:
// to read its facts again would cost more than all else.
func (w *window) isWide() bool { return w.open >= 2*w.limit }

// track puts a slot at the end, and tells whether the checkpoint may move.
func (w *window) track(s *pendingPosition) (moved bool) {
	switch {
	case s.open > 0:
		s.before = w.last
		if w.last == nil {
			w.first = s
		} else {
			w.last.next = s
		}
		w.last = s
		w.open++
	case w.last != nil:
		w.last.position = w.last.position.behind(s.position)
	case w.through.at.Before(s.position.at):
		w.through = w.through.behind(s.position)
		return true
	}
	return false
}

// arrive says that the turn of a letter has come.
func (w *window) arrive(it *delivery) {
	if it.position != nil && !it.front {
		it.front = true
		w.fronts++
	}
}

// complete says that the checkpoint need not wait for a letter any more, and tells
// whether its slot is done.
func (w *window) complete(it *delivery) (done bool) {
	s := it.position
	if s == nil {
		return false
	}
	if it.front {
		it.front = false
		w.fronts--
	}
	it.position = nil
	if s.open--; s.open > 0 {
		return false
	}
	w.remove(s)
	return true
}

func (w *window) remove(s *pendingPosition) {
	w.open--
	if s.next == nil {
		w.last = s.before
	} else {
		s.next.before = s.before
	}
	if s.before == nil {
		w.first, w.through = s.next, w.through.behind(s.position)
		return
	}
	s.before.next, s.before.position = s.next, s.before.position.behind(s.position)
}
