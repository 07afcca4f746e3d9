package publisher

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/store"
)

// pipeline holds the deliveries between the log and one topic: which of them are
// ready, in flight or parked, and how far the checkpoint may advance. It is safe
// for concurrent use: facts enter from the consumer, senders take batches, and the
// session commits.
type pipeline struct {
	delays   delays
	changed  chan struct{} // signals that there is something to commit
	capacity chan struct{} // signals that there may be room again

	mu      sync.Mutex
	arrived *sync.Cond // a delivery is ready, or the pipeline has ended
	ended   bool
	ready   []*delivery
	resting map[*delivery]*time.Timer
	queues  map[domain.Pair]*pairQueue
	read    eventstore.Position // the log has been added up to here
	facts   uint64              // the number of facts up to there
	ahead   []*delivery         // parked before a restart, with positions after read
	window

	parkedDeliveries map[uuid.UUID]*delivery // parking or parked
	skipped          map[uuid.UUID]bool      // by an operator
	pendingChanges
	count Counts
	tally tally
}

// pendingChanges are changes of parked deliveries that are not stored yet.
type pendingChanges struct {
	parked       []*delivery // rows to be inserted
	marked       []mark      // rows to be updated after a failed attempt
	gone         []uuid.UUID // rows to be deleted: their messages were delivered
	acknowledged []uuid.UUID // skip requests to be acknowledged
}

// mark is a parked delivery whose row is to be updated after a failed attempt.
type mark struct {
	d     *delivery
	asked bool // the attempt was an operator's request, which ends with it
}

// newPipeline returns an empty pipeline that begins after a position. limit is how
// many positions may be pending at once.
func newPipeline(limit int, through logPosition, waits delays) *pipeline {
	p := &pipeline{
		delays: waits, changed: make(chan struct{}, 1), capacity: make(chan struct{}, 1),
		resting: map[*delivery]*time.Timer{}, queues: map[domain.Pair]*pairQueue{}, read: through.at, facts: through.facts,
		window:           window{limit: limit, through: through},
		parkedDeliveries: map[uuid.UUID]*delivery{}, skipped: map[uuid.UUID]bool{},
	}
	p.arrived = sync.NewCond(&p.mu)
	return p
}

// hasRoom reports whether more facts may be added.
func (p *pipeline) hasRoom() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.isFull()
}

// isEmpty reports whether everything added is delivered or parked.
func (p *pipeline) isEmpty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open == 0
}

// add enqueues facts in the order of the log. Facts at or before the last position
// are ignored, and so are messages that are parked or skipped already.
func (p *pipeline) add(facts []outgoing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, fact := range facts {
		if !p.read.Before(fact.position.at) {
			continue
		}
		p.facts++
		fact.position.facts = p.facts
		s := &pendingPosition{position: fact.position, oldest: fact.position.when}
		for _, m := range fact.messages {
			if p.parkedDeliveries[m.EventID] == nil && !p.skipped[m.EventID] {
				s.open++
				p.enqueue(&delivery{message: m, position: s})
			}
		}
		p.advance(s)
	}
	p.wake()
}

// readUpTo records that the log holds no further fact up to a position.
func (p *pipeline) readUpTo(to logPosition) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.advance(&pendingPosition{position: to})
	p.wake()
}

// advance records that the log is read up to a position, and releases deliveries
// that were parked before a restart and waited for it.
func (p *pipeline) advance(s *pendingPosition) {
	if p.track(s) {
		signal(p.changed)
	}
	if p.read.Before(s.position.at) {
		p.read = s.position.at
	}
	for len(p.ahead) > 0 && !p.read.Before(p.ahead[0].message.Position) {
		p.ahead[0].ahead = false
		p.markReady(p.ahead[0])
		p.ahead = p.ahead[1:]
	}
}

// enqueue inserts a delivery into the queues of its pairs. One that comes after a
// parked delivery is parked. Far beyond a full window the body is dropped, and
// mapped from the log again when its turn comes.
func (p *pipeline) enqueue(d *delivery) {
	blocked := false
	for _, pair := range d.message.Pairs {
		queue := p.queues[pair]
		if queue == nil {
			queue = &pairQueue{pair: pair}
			p.queues[pair] = queue
		}
		d.queues = append(d.queues, queue)
		blocked = queue.push(d) || blocked
	}
	if d.park == notParked && p.isWide() {
		d.message.Body, d.message.Attributes = nil, nil
	}
	if d.park == notParked && blocked {
		p.park(d, store.Blocked, "")
	}
	p.markReady(d)
}

// markReady makes a delivery ready if it is first in its pairs and nothing holds it.
func (p *pipeline) markReady(d *delivery) {
	if d.isReady() && d.isFirst() {
		d.progress = ready
		p.arrive(d)
		p.ready = append(p.ready, d)
	}
}

// wake wakes as many senders as there are batches ready.
func (p *pipeline) wake() {
	for range (len(p.ready) + batchEntries - 1) / batchEntries {
		p.arrived.Signal()
	}
}

// nextBatch waits for deliveries and takes a batch within the limits of SNS: ten
// entries and 256 KiB. Only the first delivery of a pair is ever ready, so a batch
// holds at most one of each pair. It returns nil when the pipeline has ended. A
// delivery that is larger than the limit goes in a batch of its own, which SNS then
// refuses.
func (p *pipeline) nextBatch() []*delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.ready) == 0 && !p.ended {
		p.arrived.Wait()
	}
	if p.ended {
		return nil
	}
	n, size := 0, 0
	for n < len(p.ready) && n < batchEntries {
		next := p.ready[n]
		size += next.message.Size()
		if n > 0 && (size > batchBytes || next.alone || p.ready[0].alone) {
			break
		}
		n++
	}
	batch := slices.Clone(p.ready[:n])
	p.ready = p.ready[n:]
	for _, d := range batch {
		d.progress = inFlight
		if !d.sent {
			d.sent, d.since = true, p.tally
		}
	}
	return batch
}

// stop ends the pipeline when ctx does: nextBatch then returns nil. The returned
// function undoes that, as context.AfterFunc does.
func (p *pipeline) stop(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.ended = true
		for _, pause := range p.resting {
			pause.Stop()
		}
		p.arrived.Broadcast()
	})
}
