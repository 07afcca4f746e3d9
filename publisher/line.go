package publisher

import (
	"context"
	"slices"
	"sync"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// line is everything between the log and one topic. All its methods may be
// called from any goroutine.
type line struct {
	limit int           // of slots that are open at once
	moved chan struct{} // something can be settled
	room  chan struct{} // a slot was closed

	mu      sync.Mutex
	arrived *sync.Cond // something is ready, or the line has ended
	ended   bool
	ready   []*letter
	lanes   map[domain.Pair]*lane
	slots   []*slot // open, in the order of the log, but for those closed behind an open one
	through place   // everything up to here is done or lies on the desk

	desk    map[uuid.UUID]*letter // on the desk or on the way there
	dropped map[uuid.UUID]bool    // by an operator
	unwritten
	count Counts
}

// unwritten is what happened to letters of the desk since it was written.
type unwritten struct {
	parked  []*letter // to be laid there
	refused []*letter // again
	gone    []uuid.UUID
	heard   []uuid.UUID // drops of operators
}

// Counts are totals since the process began to publish.
type Counts struct {
	Delivered uint64 // messages that SNS has acknowledged
	Faults    uint64 // sendings of a message that a fault of SNS undid
	Refusals  uint64 // messages that SNS called invalid
}

func newLine(limit int, through place) *line {
	l := &line{
		limit: limit, moved: make(chan struct{}, 1), room: make(chan struct{}, 1), through: through,
		lanes: map[domain.Pair]*lane{}, desk: map[uuid.UUID]*letter{}, dropped: map[uuid.UUID]bool{},
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
	return len(l.slots) < l.limit
}

// isEmpty tells whether everything that was added is done.
func (l *line) isEmpty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.slots) == 0
}

// add takes facts in the order of the log.
func (l *line) add(parcels []parcel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range parcels {
		s := &slot{place: p.place, oldest: p.place.when}
		for _, m := range p.messages {
			if l.desk[m.EventID] == nil && !l.dropped[m.EventID] {
				l.join(&letter{message: m, slot: s})
				s.open++
			}
		}
		l.pass(s)
	}
	l.wake()
}

// reach says that the log tells nothing more up to a place.
func (l *line) reach(p place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pass(&slot{place: p})
	l.wake()
}

// pass puts a slot at the end. One with nothing to do goes along with the one
// before it.
func (l *line) pass(s *slot) {
	switch last := len(l.slots) - 1; {
	case s.open > 0:
		l.slots = append(l.slots, s)
	case last >= 0:
		l.slots[last].place = l.slots[last].place.behind(s.place)
	case l.through.at.Before(s.place.at):
		l.through = l.through.behind(s.place)
		signal(l.moved)
	}
}

// join puts a letter at the end of its pairs' lanes.
func (l *line) join(it *letter) {
	for _, pair := range it.message.Pairs {
		on := l.lanes[pair]
		if on == nil {
			on = &lane{pair: pair}
			l.lanes[pair] = on
		}
		on.letters, it.lanes = append(on.letters, it), append(it.lanes, on)
	}
	if it.desk == off && slices.ContainsFunc(it.lanes, func(on *lane) bool { return on.parked > 0 }) {
		l.park(it)
	}
	l.offer(it)
}

// offer makes a letter ready whose turn it is.
func (l *line) offer(it *letter) {
	if it.where == waiting && !it.refused && it.desk != going && it.isFirst() {
		it.where = ready
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
	var batch []*letter
	size := 0
	for len(l.ready) > 0 && len(batch) < batchEntries {
		next := l.ready[0]
		size += next.message.size()
		if len(batch) > 0 && (size > batchBytes || next.alone || batch[0].alone) {
			break
		}
		next.where = sending
		batch, l.ready = append(batch, next), l.ready[1:]
	}
	return batch
}

// endWith lets the senders go when the context ends.
func (l *line) endWith(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ended = true
		l.arrived.Broadcast()
	})
}
