package publisher

import (
	"slices"

	"github.com/google/uuid"

	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// mark is a parked delivery whose row is to be updated after a failed attempt.
type mark struct {
	d     *delivery
	asked bool // the attempt was an operator's request, which ends with it
}

// park parks a delivery and everything behind it. The row of one that is parked
// already is updated with the new reason.
func (l *pipeline) park(d *delivery, state store.State, reason string) {
	d.message.Body, d.message.Attributes = nil, nil // a retry maps the fact anew, perhaps by a later build
	d.state, d.reason = state, reason
	signal(l.changed)
	if d.park != notParked {
		l.marked = append(l.marked, mark{d, d.released})
		d.released = false
		return
	}
	l.addParked(d)
	l.block(d)
}

func (l *pipeline) addParked(d *delivery) {
	d.park = parking
	l.parkedDeliveries[d.message.EventID] = d
	l.parked = append(l.parked, d)
}

// block parks what comes after a delivery in its pairs. It stops at one that is
// parked already, since what comes after that one is parked too.
func (l *pipeline) block(d *delivery) {
	for _, queue := range d.queues {
		for _, later := range queue.behind(d) {
			if later.park != notParked {
				break
			}
			later.message.Body, later.message.Attributes = nil, nil
			later.state = store.Blocked
			l.addParked(later)
			if len(later.queues) > 1 {
				l.block(later)
			}
		}
	}
}

// changeSet is what the pipeline has to store at one moment.
type changeSet struct {
	pendingChanges

	through logPosition
	work    store.Changes
}

// changes takes what is to be stored. One goroutine calls it, stores the result and
// gives it to committed.
func (l *pipeline) changes() changeSet {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := changeSet{pendingChanges: l.pendingChanges, through: l.through}
	s.work = store.Changes{Delivered: slices.Clone(s.gone), Acknowledged: slices.Clone(s.acknowledged)}
	for _, d := range s.parked {
		s.work.Park = append(s.work.Park, d.row())
	}
	for _, m := range s.marked {
		row := m.d.row()
		if m.asked {
			row.Request = store.Retry
		}
		s.work.Attempted = append(s.work.Attempted, row)
	}
	return s
}

// committed records that a change set is stored. The checkpoint may now pass the
// deliveries that it parked, and they may be sent when their turn comes.
func (l *pipeline) committed(s changeSet) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pendingChanges = pendingChanges{
		parked: l.parked[len(s.parked):], marked: l.marked[len(s.marked):],
		gone: l.gone[len(s.gone):], acknowledged: l.acknowledged[len(s.acknowledged):],
	}
	for _, d := range s.parked {
		d.park = isParked
		l.release(d)
		l.markReady(d)
	}
	l.wake()
}

// restore enqueues the parked messages of an earlier session. One with a position
// after the checkpoint waits until the log is read up to it: facts before it may
// not be delivered yet.
func (l *pipeline) restore(topic message.Topic, parked []store.Parked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range parked {
		if p.State == store.Skipped {
			l.skipped[p.EventID] = true
			if p.Request != "" {
				l.acknowledged = append(l.acknowledged, p.EventID)
			}
			continue
		}
		d := &delivery{
			message: message.Message{
				Topic: topic, EventID: p.EventID, Group: p.Pairs[0].String(), Pairs: p.Pairs, Position: p.Position, Revision: p.Revision,
			},
			park: isParked, state: p.State, reason: p.Reason, attempts: p.Attempts,
			ahead: l.read.Before(p.Position), alone: p.State == store.Failing,
		}
		l.parkedDeliveries[p.EventID] = d
		if d.ahead {
			l.ahead = append(l.ahead, d)
		}
		l.enqueue(d)
	}
	l.wake()
}

// applyRequests applies what operators requested of parked messages. A delivery in
// flight is left alone: its request stays stored and is read again.
func (l *pipeline) applyRequests(requests []store.Parked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range requests {
		switch d := l.parkedDeliveries[w.EventID]; {
		case d != nil && d.progress == inFlight:
		case w.Request == store.Skip:
			l.skip(w.EventID, d)
		case d != nil && d.park == isParked && !d.released && !l.isUncommitted(d):
			d.released = true
			l.resume(d)
			l.markReady(d)
		}
	}
	l.wake()
}

// isUncommitted reports whether a requested retry has failed and its row is not
// updated yet. Until then the stored request is an old one.
func (l *pipeline) isUncommitted(d *delivery) bool {
	return slices.Contains(l.marked, mark{d, true})
}

func (l *pipeline) skip(id uuid.UUID, d *delivery) {
	l.skipped[id] = true
	l.acknowledged = append(l.acknowledged, id)
	signal(l.changed)
	if d != nil {
		l.finish(d)
	}
}

// dropDone unparks everything, for a replay, which has no table of parked messages.
// It drops what SNS refused and returns it; the rest is sent.
func (l *pipeline) dropDone() []store.Parked {
	l.mu.Lock()
	defer l.mu.Unlock()
	var refused []store.Parked
	deliveries := l.parked
	clear(l.parkedDeliveries)
	l.pendingChanges = pendingChanges{}
	for _, d := range deliveries {
		d.park = notParked
	}
	for _, d := range deliveries {
		if d.state == store.Refused {
			refused = append(refused, d.row())
			l.finish(d)
		}
	}
	for _, d := range deliveries {
		d.state = ""
		l.markReady(d)
	}
	l.wake()
	return refused
}

// nothingParked reports whether no message is parked.
func (l *pipeline) nothingParked() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.parkedDeliveries) == 0
}

// parkedByState counts parked and skipped messages by state.
func (l *pipeline) parkedByState() map[store.State]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := map[store.State]int{store.Skipped: len(l.skipped)}
	for _, d := range l.parkedDeliveries {
		counts[d.state]++
	}
	return counts
}
