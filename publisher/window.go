package publisher

// window is the part of the log after the checkpoint, with the commit position: the
// place before the first gap.
type window struct {
	limit       int              // of pending positions, unless too few of their deliveries can be sent
	first, last *pendingPosition // of the list
	open        int
	fronts      int         // deliveries in them that are first in their pairs
	through     logPosition // everything up to here is delivered or parked
}

const (
	// probeLimit is how many pairs must be ready before a full window stops the
	// reading. With fewer, a few pairs fill the window, and it would stay unknown
	// whether SNS takes the messages of others.
	probeLimit = senders
	// maxWidth bounds what is read beyond a full window, in windows.
	maxWidth = 16
)

// isFull reports whether reading the log must pause.
func (w *window) isFull() bool {
	return w.open >= w.limit && (w.fronts >= probeLimit || w.open >= maxWidth*w.limit)
}

// isWide reports whether so much was read beyond a full window that bodies are no
// longer kept. The limit is two windows: the chunk that fills the first one keeps
// its bodies, since reading its facts again would cost more than all else.
func (w *window) isWide() bool { return w.open >= 2*w.limit }

// track appends a position, which must be after all others, and reports whether the
// checkpoint may move. A position with nothing to deliver is merged into the last
// pending one at once: a log of private facts needs no memory.
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

// arrive records that a delivery is first in its pairs.
func (w *window) arrive(d *delivery) {
	if d.position != nil && !d.front {
		d.front = true
		w.fronts++
	}
}

// complete records that the checkpoint need not wait for a delivery. It reports
// whether the position of the delivery is finished.
func (w *window) complete(d *delivery) (done bool) {
	s := d.position
	if s == nil {
		return false
	}
	if d.front {
		d.front = false
		w.fronts--
	}
	d.position = nil
	if s.open--; s.open > 0 {
		return false
	}
	w.remove(s)
	return true
}

// remove merges a finished position into the one before it. Without one before, the
// commit position advances to it.
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
