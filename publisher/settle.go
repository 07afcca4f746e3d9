package publisher

import (
	"slices"

	"github.com/google/uuid"

	"nonassociations/publisher/store"
)

// mark is a parked letter whose row is to say how it was sent in vain.
type mark struct {
	it    *letter
	asked bool // by an operator, whose wish this ends
}

// park gives a letter a row, and one to all behind it, or lets the row that it
// has say why it is still there.
func (l *line) park(it *letter, state store.State, reason string) {
	it.message.Body, it.message.Attributes = nil, nil // a later build may say it better
	it.state, it.reason = state, reason
	signal(l.moved)
	if it.desk != off {
		l.marked = append(l.marked, mark{it, it.released})
		it.released = false
		return
	}
	l.lay(it)
	l.block(it)
}

func (l *line) lay(it *letter) {
	it.desk = going
	l.desk[it.message.EventID] = it
	l.parked = append(l.parked, it)
}

// block parks what stands behind a letter. What stands behind one that was
// parked before is parked already.
func (l *line) block(it *letter) {
	for _, on := range it.lanes {
		for _, later := range on.behind(it) {
			if later.desk != off {
				break
			}
			later.message.Body, later.message.Attributes = nil, nil
			later.state = store.Blocked
			l.lay(later)
			if len(later.lanes) > 1 {
				l.block(later)
			}
		}
	}
}

// settlement is what a line has to write down at a moment.
type settlement struct {
	unwritten

	through place
	work    store.Work
}

// settlement is taken by one goroutine, which gives it back to settled.
func (l *line) settlement() settlement {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := settlement{unwritten: l.unwritten, through: l.through}
	s.work = store.Work{Gone: slices.Clone(s.gone), Heard: slices.Clone(s.heard)}
	for _, it := range s.parked {
		s.work.Park = append(s.work.Park, it.row())
	}
	for _, m := range s.marked {
		row := m.it.row()
		if m.asked {
			row.Wish = store.Retry
		}
		s.work.Tried = append(s.work.Tried, row)
	}
	return s
}

// settled says that a settlement is written: the bookmark may pass what it
// parked, which is read from the log again when its turn comes.
func (l *line) settled(s settlement) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unwritten = unwritten{
		parked: l.parked[len(s.parked):], marked: l.marked[len(s.marked):],
		gone: l.gone[len(s.gone):], heard: l.heard[len(s.heard):],
	}
	for _, it := range s.parked {
		it.desk = lying
		l.closed(it)
		l.offer(it)
	}
	l.wake()
}

// restore puts what is parked into its lanes. What the bookmark has not passed
// must wait until the log was read up to it: facts before it may not be done.
func (l *line) restore(topic Topic, parked []store.Parked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range parked {
		if p.State == store.Skipped {
			l.skipped[p.EventID] = true
			if p.Wish != "" {
				l.heard = append(l.heard, p.EventID)
			}
			continue
		}
		it := &letter{
			message: Message{
				Topic: topic, EventID: p.EventID, Group: p.Pairs[0].String(), Pairs: p.Pairs, Position: p.Position, Revision: p.Revision,
			},
			desk: lying, state: p.State, reason: p.Reason, tries: p.Tries,
			ahead: l.read.Before(p.Position), alone: p.State == store.Failing,
		}
		l.desk[p.EventID] = it
		if it.ahead {
			l.ahead = append(l.ahead, it)
		}
		l.join(it)
	}
	l.wake()
}

// hear does what operators want of what is parked. A letter that is just being
// sent is left alone: the wish stays, and is heard again.
func (l *line) hear(wishes []store.Parked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range wishes {
		switch it := l.desk[w.EventID]; {
		case it != nil && it.where == sending:
		case w.Wish == store.Skip:
			l.skip(w.EventID, it)
		case it != nil && it.desk == lying && !it.released && !l.ends(it):
			it.released = true
			l.endRest(it)
			l.offer(it)
		}
	}
	l.wake()
}

// ends reports whether a wish for a letter was granted, in vain, and its end is
// still to be written.
func (l *line) ends(it *letter) bool {
	return slices.Contains(l.marked, mark{it, true})
}

func (l *line) skip(id uuid.UUID, it *letter) {
	l.skipped[id] = true
	l.heard = append(l.heard, id)
	signal(l.moved)
	if it != nil {
		l.leave(it)
	}
}

// discard forgets what is parked, where there is no table to keep it in, and
// returns what SNS refused.
func (l *line) discard() []store.Parked {
	l.mu.Lock()
	defer l.mu.Unlock()
	var refused []store.Parked
	letters := l.parked
	clear(l.desk)
	l.unwritten = unwritten{}
	for _, it := range letters {
		it.desk = off
	}
	for _, it := range letters {
		if it.state == store.Refused {
			refused = append(refused, it.row())
			l.leave(it)
		}
	}
	for _, it := range letters {
		it.state = ""
		l.offer(it)
	}
	l.wake()
	return refused
}

// clear tells whether nothing is parked.
func (l *line) clear() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.desk) == 0
}

// states counts what is parked, and what was skipped.
func (l *line) states() map[store.State]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := map[store.State]int{store.Skipped: len(l.skipped)}
	for _, it := range l.desk {
		counts[it.state]++
	}
	return counts
}
