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

// pipeline is everything between the log and one topic. All its methods may be
// called from any goroutine.
type pipeline struct {
	delays   delays
	changed  chan struct{} // something can be settled
	capacity chan struct{} // a slot was closed, or another pair may be tried

	mu      sync.Mutex
	arrived *sync.Cond // something is ready, or the line has ended
	ended   bool
	ready   []*delivery
	resting map[*delivery]*time.Timer
	queues  map[domain.Pair]*pairQueue
	read    eventstore.Position // everything of the log up to here is on the line or was
	facts   uint64              // how many there are up to there, for a checkpoint that was counted
	ahead   []*delivery         // parked behind read
	window

	parkedDeliveries map[uuid.UUID]*delivery // parked, or on the way there
	skipped          map[uuid.UUID]bool      // by an operator
	pendingChanges
	count Counts
	tally tally
}

// pendingChanges is what happened to parked letters since the table was written.
type pendingChanges struct {
	parked []*delivery // to be inserted
	marked []mark      // lying there, and sent in vain
	gone   []uuid.UUID
	heard  []uuid.UUID // skips of operators
}

// Counts are totals since the process began to publish.
type Counts struct {
	Delivered uint64 // messages that SNS has acknowledged
	Faults    uint64 // sendings of a message that a fault of SNS undid
	Refusals  uint64 // messages that SNS called invalid
}

func newPipeline(limit int, through logPlace, pauses delays) *pipeline {
	l := &pipeline{
		delays: pauses, changed: make(chan struct{}, 1), capacity: make(chan struct{}, 1),
		resting: map[*delivery]*time.Timer{}, queues: map[domain.Pair]*pairQueue{}, read: through.at, facts: through.facts,
		window:           window{limit: limit, through: through},
		parkedDeliveries: map[uuid.UUID]*delivery{}, skipped: map[uuid.UUID]bool{},
	}
	l.arrived = sync.NewCond(&l.mu)
	return l
}

// signal never waits: one that is not heard yet is enough.
func signal(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// hasRoom tells whether more may be added.
func (l *pipeline) hasRoom() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.isFull()
}

// isEmpty tells whether everything that was added is delivered or parked.
func (l *pipeline) isEmpty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open == 0
}

// add takes facts in the order of the log. One that it was given before is left
// alone, as is one that is parked or was skipped.
func (l *pipeline) add(parcels []outgoing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range parcels {
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
		l.passed(s)
	}
	l.wake()
}

// readUpTo says that the log tells nothing more up to a place.
func (l *pipeline) readUpTo(p logPlace) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passed(&pendingPosition{position: p})
	l.wake()
}

// passed says that the log is read up to a slot.
func (l *pipeline) passed(s *pendingPosition) {
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

// enqueue puts a letter into its pairs' lanes by its position. One that comes
// behind a parked one is parked, and one far behind a full window is read again
// when its turn comes.
func (l *pipeline) enqueue(it *delivery) {
	blocked := false
	for _, pair := range it.message.Pairs {
		on := l.queues[pair]
		if on == nil {
			on = &pairQueue{pair: pair}
			l.queues[pair] = on
		}
		it.queues = append(it.queues, on)
		blocked = on.push(it) || blocked
	}
	if it.park == notParked && l.isWide() {
		it.message.Body, it.message.Attributes = nil, nil
	}
	if it.park == notParked && blocked {
		l.park(it, store.Blocked, "")
	}
	l.markReady(it)
}

// markReady makes a letter ready whose turn it is.
func (l *pipeline) markReady(it *delivery) {
	if it.isReady() && it.isFirst() {
		it.progress = ready
		l.arrive(it)
		l.ready = append(l.ready, it)
	}
}

// wake calls the senders.
func (l *pipeline) wake() {
	for range (len(l.ready) + batchEntries - 1) / batchEntries {
		l.arrived.Signal()
	}
}

// nextBatch waits for letters to send in one batch; none mean that the line has ended.
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
	for _, it := range batch {
		it.progress = inFlight
		if !it.sent {
			it.sent, it.since = true, l.tally
		}
	}
	return batch
}

// stop lets the senders go when the context ends.
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
