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

// Counts are totals since the process began to publish.
type Counts struct {
	Delivered uint64 // messages that SNS has acknowledged
	Faults    uint64 // sendings of a message that failed, refusals apart
	Refusals  uint64 // messages that SNS refused as invalid
}

func newPipeline(limit int, through logPosition, pauses delays) *pipeline {
	l := &pipeline{
		delays: pauses, changed: make(chan struct{}, 1), capacity: make(chan struct{}, 1),
		resting: map[*delivery]*time.Timer{}, queues: map[domain.Pair]*pairQueue{}, read: through.at, facts: through.facts,
		window:           window{limit: limit, through: through},
		parkedDeliveries: map[uuid.UUID]*delivery{}, skipped: map[uuid.UUID]bool{},
	}
	l.arrived = sync.NewCond(&l.mu)
	return l
}

// signal wakes the receiver without blocking. Several signals may coalesce.
func signal(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// hasRoom reports whether more facts may be added.
func (l *pipeline) hasRoom() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.isFull()
}

// isEmpty reports whether everything added is delivered or parked.
func (l *pipeline) isEmpty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open == 0
}

// add enqueues facts in the order of the log. Facts at or before the last position
// are ignored, and so are messages that are parked or skipped already.
func (l *pipeline) add(facts []outgoing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range facts {
		if !l.read.Before(p.position.at) {
			continue
		}
		l.facts++
		p.position.facts = l.facts
		s := &pendingPosition{position: p.position, oldest: p.position.when}
		for _, m := range p.messages {
			if l.parkedDeliveries[m.EventID] == nil && !l.skipped[m.EventID] {
				s.open++
				l.enqueue(&delivery{message: m, position: s})
			}
		}
		l.advance(s)
	}
	l.wake()
}

// readUpTo records that the log holds no further fact up to a position.
func (l *pipeline) readUpTo(p logPosition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(&pendingPosition{position: p})
	l.wake()
}

// advance records that the log is read up to a position, and releases deliveries
// that were parked before a restart and waited for it.
func (l *pipeline) advance(s *pendingPosition) {
	if l.track(s) {
		signal(l.changed)
	}
	if l.read.Before(s.position.at) {
		l.read = s.position.at
	}
	for len(l.ahead) > 0 && !l.read.Before(l.ahead[0].message.Position) {
		l.ahead[0].ahead = false
		l.markReady(l.ahead[0])
		l.ahead = l.ahead[1:]
	}
}

// enqueue inserts a delivery into the queues of its pairs. One that comes after a
// parked delivery is parked. Far beyond a full window the body is dropped, and
// mapped from the log again when its turn comes.
func (l *pipeline) enqueue(d *delivery) {
	blocked := false
	for _, pair := range d.message.Pairs {
		queue := l.queues[pair]
		if queue == nil {
			queue = &pairQueue{pair: pair}
			l.queues[pair] = queue
		}
		d.queues = append(d.queues, queue)
		blocked = queue.push(d) || blocked
	}
	if d.park == notParked && l.isWide() {
		d.message.Body, d.message.Attributes = nil, nil
	}
	if d.park == notParked && blocked {
		l.park(d, store.Blocked, "")
	}
	l.markReady(d)
}

// markReady makes a delivery ready if it is first in its pairs and nothing holds it.
func (l *pipeline) markReady(d *delivery) {
	if d.isReady() && d.isFirst() {
		d.progress = ready
		l.arrive(d)
		l.ready = append(l.ready, d)
	}
}

// wake wakes as many senders as there are batches ready.
func (l *pipeline) wake() {
	for range (len(l.ready) + batchEntries - 1) / batchEntries {
		l.arrived.Signal()
	}
}

// nextBatch waits for deliveries and takes a batch within the limits of SNS, at
// most one delivery of a pair. It returns nil when the pipeline has ended.
func (l *pipeline) nextBatch() []*delivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.ready) == 0 && !l.ended {
		l.arrived.Wait()
	}
	if l.ended {
		return nil
	}
	n, size := 0, 0
	for n < len(l.ready) && n < batchEntries {
		next := l.ready[n]
		size += next.message.Size()
		if n > 0 && (size > batchBytes || next.alone || l.ready[0].alone) {
			break
		}
		n++
	}
	batch := slices.Clone(l.ready[:n])
	l.ready = l.ready[n:]
	for _, d := range batch {
		d.progress = inFlight
		if !d.sent {
			d.sent, d.since = true, l.tally
		}
	}
	return batch
}

// stop ends the pipeline when ctx does: nextBatch then returns nil. The returned
// function undoes that, as context.AfterFunc does.
func (l *pipeline) stop(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ended = true
		for _, pause := range l.resting {
			pause.Stop()
		}
		l.arrived.Broadcast()
	})
}
