package publisher

import (
	"slices"

	"github.com/google/uuid"

	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// mark is a parked letter whose row is to say how it was sent in vain.
type mark struct {
	it    *delivery
	asked bool // by an operator, whose request this ends
}

// park gives a letter a row, and one to all behind it, or lets the row that it
// has say why it is still there.
func (l *pipeline) park(it *delivery, state store.State, reason string) {
	it.message.Body, it.message.Attributes = nil, nil // a later build may say it better
	it.state, it.reason = state, reason
	signal(l.changed)
	if it.park != notParked {
		l.marked = append(l.marked, mark{it, it.released})
		it.released = false
		return
	}
	l.parkBehind(it)
	l.block(it)
}

func (l *pipeline) parkBehind(it *delivery) {
	it.park = parking
	l.parkedDeliveries[it.message.EventID] = it
	l.parked = append(l.parked, it)
}

// block parks what stands behind a letter. What stands behind one that was
// parked before is parked already.
func (l *pipeline) block(it *delivery) {
	for _, on := range it.queues {
		for _, later := range on.behind(it) {
			if later.park != notParked {
				break
			}
			later.message.Body, later.message.Attributes = nil, nil
			later.state = store.Blocked
			l.parkBehind(later)
			if len(later.queues) > 1 {
				l.block(later)
			}
		}
	}
}

// changeSet is what a line has to write down at a moment.
type changeSet struct {
	pendingChanges

	through logPlace
	work    store.Changes
}

// changes is taken by one goroutine, which gives it back to settled.
func (l *pipeline) changes() changeSet {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := changeSet{pendingChanges: l.pendingChanges, through: l.through}
	s.work = store.Changes{Delivered: slices.Clone(s.gone), Acknowledged: slices.Clone(s.heard)}
	for _, it := range s.parked {
		s.work.Park = append(s.work.Park, it.row())
	}
	for _, m := range s.marked {
		row := m.it.row()
		if m.asked {
			row.Request = store.Retry
		}
		s.work.Attempted = append(s.work.Attempted, row)
	}
	return s
}

// committed says that a settlement is written: the checkpoint may pass what it
// parked, which is read from the log again when its turn comes.
func (l *pipeline) committed(s changeSet) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pendingChanges = pendingChanges{
		parked: l.parked[len(s.parked):], marked: l.marked[len(s.marked):],
		gone: l.gone[len(s.gone):], heard: l.heard[len(s.heard):],
	}
	for _, it := range s.parked {
		it.park = isParked
		l.closed(it)
		l.markReady(it)
	}
	l.wake()
}

// restore puts what is parked into its lanes. What the checkpoint has not passed
// must wait until the log was read up to it: facts before it may not be done.
func (l *pipeline) restore(topic message.Topic, parked []store.Parked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range parked {
		if p.State == store.Skipped {
			l.skipped[p.EventID] = true
			if p.Request != "" {
				l.heard = append(l.heard, p.EventID)
			}
			continue
		}
		it := &delivery{
			message: message.Message{
				Topic: topic, EventID: p.EventID, Group: p.Pairs[0].String(), Pairs: p.Pairs, Position: p.Position, Revision: p.Revision,
			},
			park: isParked, state: p.State, reason: p.Reason, attempts: p.Attempts,
			ahead: l.read.Before(p.Position), alone: p.State == store.Failing,
		}
		l.parkedDeliveries[p.EventID] = it
		if it.ahead {
			l.ahead = append(l.ahead, it)
		}
		l.enqueue(it)
	}
	l.wake()
}

// applyRequest does what operators want of what is parked. A letter that is just being
// sent is left alone: the request stays, and is heard again.
func (l *pipeline) applyRequest(wishes []store.Parked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range wishes {
		switch it := l.parkedDeliveries[w.EventID]; {
		case it != nil && it.progress == inFlight:
		case w.Request == store.Skip:
			l.skip(w.EventID, it)
		case it != nil && it.park == isParked && !it.released && !l.end(it):
			it.released = true
			l.resume(it)
			l.markReady(it)
		}
	}
	l.wake()
}

// end reports whether a request for a letter was granted, in vain, and its end is
// still to be written.
func (l *pipeline) end(it *delivery) bool {
	return slices.Contains(l.marked, mark{it, true})
}

func (l *pipeline) skip(id uuid.UUID, it *delivery) {
	l.skipped[id] = true
	l.heard = append(l.heard, id)
	signal(l.changed)
	if it != nil {
		l.finish(it)
	}
}

// dropDone forgets what is parked, where there is no table to keep it in, and
// returns what SNS refused.
func (l *pipeline) dropDone() []store.Parked {
	l.mu.Lock()
	defer l.mu.Unlock()
	var refused []store.Parked
	letters := l.parked
	clear(l.parkedDeliveries)
	l.pendingChanges = pendingChanges{}
	for _, it := range letters {
		it.park = notParked
	}
	for _, it := range letters {
		if it.state == store.Refused {
			refused = append(refused, it.row())
			l.finish(it)
		}
	}
	for _, it := range letters {
		it.state = ""
		l.markReady(it)
	}
	l.wake()
	return refused
}

// clear tells whether nothing is parked.
func (l *pipeline) clear() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.parkedDeliveries) == 0
}

// states counts what is parked, and what was skipped.
func (l *pipeline) states() map[store.State]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := map[store.State]int{store.Skipped: len(l.skipped)}
	for _, it := range l.parkedDeliveries {
		counts[it.state]++
	}
	return counts
}
