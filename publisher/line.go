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

// line is everything between the log and one topic. All its methods may be
// called from any goroutine.
type line struct {
	pauses pauses
	moved  chan struct{} // something can be settled
	room   chan struct{} // a slot was closed, or another pair may be tried

	mu      sync.Mutex
	arrived *sync.Cond // something is ready, or the line has ended
	ended   bool
	ready   []*letter
	resting map[*letter]*time.Timer
	lanes   map[domain.Pair]*lane
	read    eventstore.Position // everything of the log up to here is on the line or was
	facts   uint64              // how many there are up to there, for a bookmark that was counted
	ahead   []*letter           // parked behind read
	window

	desk    map[uuid.UUID]*letter // parked, or on the way there
	skipped map[uuid.UUID]bool    // by an operator
	unwritten
	count Counts
	tally tally
}

// unwritten is what happened to parked letters since the table was written.
type unwritten struct {
	parked []*letter // to be inserted
	marked []mark    // lying there, and sent in vain
	gone   []uuid.UUID
	heard  []uuid.UUID // skips of operators
}

// Counts are totals since the process began to publish.
type Counts struct {
	Delivered uint64 // messages that SNS has acknowledged
	Faults    uint64 // sendings of a message that a fault of SNS undid
	Refusals  uint64 // messages that SNS called invalid
}

func newLine(limit int, through place, pauses pauses) *line {
	l := &line{
		pauses: pauses, moved: make(chan struct{}, 1), room: make(chan struct{}, 1),
		resting: map[*letter]*time.Timer{}, lanes: map[domain.Pair]*lane{}, read: through.at, facts: through.facts,
		window: window{limit: limit, through: through},
		desk:   map[uuid.UUID]*letter{}, skipped: map[uuid.UUID]bool{},
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
func (l *line) hasRoom() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.isFull()
}

// isEmpty tells whether everything that was added is delivered or parked.
func (l *line) isEmpty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open == 0
}

// add takes facts in the order of the log. One that it was given before is left
// alone, as is one that is parked or was skipped.
func (l *line) add(parcels []parcel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range parcels {
		if !l.read.Before(p.place.at) {
			continue
		}
		l.facts++
		p.place.facts = l.facts
		s := &slot{place: p.place, oldest: p.place.when}
		for _, m := range p.messages {
			if l.desk[m.EventID] == nil && !l.skipped[m.EventID] {
				s.open++
				l.join(&letter{message: m, slot: s})
			}
		}
		l.passed(s)
	}
	l.wake()
}

// reach says that the log tells nothing more up to a place.
func (l *line) reach(p place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passed(&slot{place: p})
	l.wake()
}

// passed says that the log is read up to a slot.
func (l *line) passed(s *slot) {
	if l.pass(s) {
		signal(l.moved)
	}
	if l.read.Before(s.place.at) {
		l.read = s.place.at
	}
	for len(l.ahead) > 0 && !l.read.Before(l.ahead[0].message.Position) {
		l.ahead[0].ahead = false
		l.offer(l.ahead[0])
		l.ahead = l.ahead[1:]
	}
}

// join puts a letter into its pairs' lanes by its position. One that comes
// behind a parked one is parked, and one far behind a full window is read again
// when its turn comes.
func (l *line) join(it *letter) {
	blocked := false
	for _, pair := range it.message.Pairs {
		on := l.lanes[pair]
		if on == nil {
			on = &lane{pair: pair}
			l.lanes[pair] = on
		}
		it.lanes = append(it.lanes, on)
		blocked = on.join(it) || blocked
	}
	if it.desk == off && l.isWide() {
		it.message.Body, it.message.Attributes = nil, nil
	}
	if it.desk == off && blocked {
		l.park(it, store.Blocked, "")
	}
	l.offer(it)
}

// offer makes a letter ready whose turn it is.
func (l *line) offer(it *letter) {
	if it.mayGo() && it.isFirst() {
		it.where = ready
		l.come(it)
		l.ready = append(l.ready, it)
	}
}

// wake calls the senders.
func (l *line) wake() {
	for range (len(l.ready) + batchEntries - 1) / batchEntries {
		l.arrived.Signal()
	}
}

// take waits for letters to send in one batch; none mean that the line has ended.
func (l *line) take() []*letter {
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
		size += next.message.size()
		if n > 0 && (size > batchBytes || next.alone || l.ready[0].alone) {
			break
		}
		n++
	}
	batch := slices.Clone(l.ready[:n])
	l.ready = l.ready[n:]
	for _, it := range batch {
		it.where = sending
		if !it.sent {
			it.sent, it.since = true, l.tally
		}
	}
	return batch
}

// endWith lets the senders go when the context ends.
func (l *line) endWith(ctx context.Context) (stop func() bool) {
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
