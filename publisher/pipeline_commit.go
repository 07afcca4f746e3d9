package publisher

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// park parks a delivery and everything behind it. The row of one that is parked
// already is updated with the new reason.
func (p *pipeline) park(d *delivery, state store.State, reason string) {
	d.message.Body, d.message.Attributes = nil, nil // a retry maps the fact anew, perhaps by a later build
	d.state, d.reason = state, reason
	signal(p.changed)
	if d.park != notParked {
		p.marked = append(p.marked, mark{d, d.released})
		d.released = false
		return
	}
	p.addParked(d)
	p.block(d)
}

// addParked marks a delivery as parked, with its row still to be inserted. The
// checkpoint waits until the insert is committed.
func (p *pipeline) addParked(d *delivery) {
	d.park = parking
	p.parkedDeliveries[d.message.EventID] = d
	p.parked = append(p.parked, d)
}

// block parks what comes after a delivery in its pairs. It stops at one that is
// parked already, since what comes after that one is parked too.
func (p *pipeline) block(d *delivery) {
	for _, queue := range d.queues {
		for _, later := range queue.behind(d) {
			if later.park != notParked {
				break
			}
			later.message.Body, later.message.Attributes = nil, nil
			later.state = store.Blocked
			p.addParked(later)
			if len(later.queues) > 1 {
				p.block(later)
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
func (p *pipeline) changes() changeSet {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := changeSet{pendingChanges: p.pendingChanges, through: p.through}
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
func (p *pipeline) committed(s changeSet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pendingChanges = pendingChanges{
		parked: p.parked[len(s.parked):], marked: p.marked[len(s.marked):],
		gone: p.gone[len(s.gone):], acknowledged: p.acknowledged[len(s.acknowledged):],
	}
	for _, d := range s.parked {
		d.park = isParked
		p.release(d)
		p.markReady(d)
	}
	p.wake()
}

// restore enqueues the parked messages of an earlier session. One with a position
// after the checkpoint waits until the log is read up to it: facts before it may
// not be delivered yet.
func (p *pipeline) restore(topic message.Topic, parked []store.Parked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, row := range parked {
		if row.State == store.Skipped {
			p.skipped[row.EventID] = true
			if row.Request != "" {
				p.acknowledged = append(p.acknowledged, row.EventID)
			}
			continue
		}
		d := &delivery{
			message: message.Message{
				Topic: topic, EventID: row.EventID, Group: row.Pairs[0].String(), Pairs: row.Pairs, Position: row.Position, Revision: row.Revision,
			},
			park: isParked, state: row.State, reason: row.Reason, attempts: row.Attempts,
			ahead: p.read.Before(row.Position), alone: row.State == store.Failing,
		}
		p.parkedDeliveries[row.EventID] = d
		if d.ahead {
			p.ahead = append(p.ahead, d)
		}
		p.enqueue(d)
	}
	p.wake()
}

// applyRequests applies what operators requested of parked messages. A delivery in
// flight is left alone: its request stays stored and is read again.
func (p *pipeline) applyRequests(requests []store.Parked) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, request := range requests {
		switch d := p.parkedDeliveries[request.EventID]; {
		case d != nil && d.progress == inFlight:
		case request.Request == store.Skip:
			p.skip(request.EventID, d)
		case d != nil && d.park == isParked && !d.released && !p.isUncommitted(d):
			d.released = true
			p.resume(d)
			p.markReady(d)
		}
	}
	p.wake()
}

// isUncommitted reports whether a requested retry has failed and its row is not
// updated yet. Until then the stored request is an old one.
func (p *pipeline) isUncommitted(d *delivery) bool {
	return slices.Contains(p.marked, mark{d, true})
}

// skip drops a message for good. The delivery can be missing: after a restart the
// pipeline restores no delivery for a skipped row, and the log may be read up to it
// only later. The id is then kept, and add ignores the message.
func (p *pipeline) skip(id uuid.UUID, d *delivery) {
	p.skipped[id] = true
	p.acknowledged = append(p.acknowledged, id)
	signal(p.changed)
	if d != nil {
		p.finish(d)
	}
}

// dropRefused unparks everything and drops what SNS refused, for a replay, which
// has no table of parked messages. It returns what was refused; all else is sent
// again.
func (p *pipeline) dropRefused() []store.Parked {
	p.mu.Lock()
	defer p.mu.Unlock()
	var refused []store.Parked
	deliveries := p.parked
	clear(p.parkedDeliveries)
	p.pendingChanges = pendingChanges{}
	for _, d := range deliveries {
		d.park = notParked
	}
	for _, d := range deliveries {
		if d.state == store.Refused {
			refused = append(refused, d.row())
			p.finish(d)
		}
	}
	for _, d := range deliveries {
		d.state = ""
		p.markReady(d)
	}
	p.wake()
	return refused
}

// nothingParked reports whether no message is parked.
func (p *pipeline) nothingParked() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.parkedDeliveries) == 0
}

// parkedByState counts parked and skipped messages by state.
func (p *pipeline) parkedByState() map[store.State]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := map[store.State]int{store.Skipped: len(p.skipped)}
	for _, d := range p.parkedDeliveries {
		counts[d.state]++
	}
	return counts
}

// describe fills in what a status shows of the pipeline.
func (p *pipeline) describe(of *Status, now time.Time) {
	parked := p.parkedByState()
	of.Refused, of.Failing, of.Blocked = parked[store.Refused], parked[store.Failing], parked[store.Blocked]
	of.Skipped = parked[store.Skipped]
	p.mu.Lock()
	defer p.mu.Unlock()
	of.Position, of.InFlight = p.through.at, p.open
	if p.first != nil {
		of.Lag = now.Sub(p.first.oldest)
	}
}
