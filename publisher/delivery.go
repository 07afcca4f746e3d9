package publisher

import (
	"slices"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// logPosition is a place in the log with the last fact at or before it.
type logPosition struct {
	at   eventstore.Position
	last store.Event // the last fact at or before it
	when time.Time   // when that fact was recorded; zero when there is none
	// facts counts the facts up to here, where the checkpoint has a count.
	facts uint64
}

// behind returns next, with the last fact of p where next has none of its own.
func (p logPosition) behind(next logPosition) logPosition {
	if next.last == (store.Event{}) {
		next.last, next.when, next.facts = p.last, p.when, p.facts
	}
	return next
}

// outgoing is one fact with its messages for the topic: often one, and none for a
// private fact. A private fact travels too, because the checkpoint has to pass it
// and its position is counted.
type outgoing struct {
	position logPosition
	messages []message.Message
}

// pendingPosition is a place in the log whose messages are not all delivered or
// parked. Pending positions form a list in the order of the log. A finished one is
// merged into the one before it, so that the checkpoint advances without a gap.
type pendingPosition struct {
	position     logPosition
	open         int       // messages neither delivered nor parked
	oldest       time.Time // when the first fact in it was recorded
	before, next *pendingPosition
}

// deliveryState is the progress of one delivery. Only the pipeline changes it,
// under its mutex.
type deliveryState int

const (
	queued     deliveryState = iota // behind an earlier delivery of its pairs, or until its row is stored, or for an operator
	backingOff                      // after a fault of its own
	ready                           // first in its pairs, and to be sent
	inFlight                        // in a batch that was sent
	done                            // delivered or skipped
)

// parkState is whether a delivery is parked, and durably so.
type parkState int

const (
	notParked parkState = iota
	parking             // its row is not stored yet: the checkpoint must not pass it
	isParked            // its row is stored
)

// delivery is a message between the log and SNS. It stays in the queues of its
// pairs, in the order of the log, until it is delivered or skipped: no later
// message of its pairs overtakes it.
type delivery struct {
	message  message.Message  // without a body when it must be mapped from the log again
	position *pendingPosition // nil when the checkpoint need not wait for it
	front    bool             // first in its pairs, while its position is open
	queues   []*pairQueue
	progress deliveryState
	ahead    bool // parked before a restart, and the log is not read up to its position yet

	park     parkState
	state    store.State // of its row; "" while not parked
	released bool        // an operator requested a retry that has no outcome yet
	reason   string
	attempts int // failed sendings, as its row counts them

	alone          bool  // it goes in a batch of its own: a batch with it failed as a whole
	sent           bool  // at least once
	since          tally // of the topic, when it was sent first or last failed by itself
	failures       uint64
	faultsOfItsOwn int // faults while SNS took other messages
	faults         int // all faults since the last of its own
}

// pairQueue keeps the deliveries of one pair by position. Everything behind a
// parked delivery is parked.
type pairQueue struct {
	pair       domain.Pair
	deliveries []*delivery
}

// push inserts a delivery by its position and reports whether it comes after a
// parked one. A delivery that was parked before a restart is restored before facts
// of the log are added, and can have a later position than these: so the place is
// searched from the end.
func (queue *pairQueue) push(d *delivery) (blocked bool) {
	i := len(queue.deliveries)
	for i > 0 && d.message.Position.Before(queue.deliveries[i-1].message.Position) {
		i--
	}
	queue.deliveries = slices.Insert(queue.deliveries, i, d)
	return i > 0 && queue.deliveries[i-1].park != notParked
}

// remove takes a delivery out of the queue, which must hold it. Most often it is
// the first one. Slicing keeps that cheap: a queue behind a parked delivery can
// hold thousands.
func (queue *pairQueue) remove(d *delivery) {
	if queue.deliveries[0] == d { // nearly always; a long queue is not copied for it
		queue.deliveries[0] = nil
		queue.deliveries = queue.deliveries[1:]
		return
	}
	i := slices.Index(queue.deliveries, d)
	queue.deliveries = slices.Delete(queue.deliveries, i, i+1)
}

// behind returns what comes after a delivery in the queue, which must hold it.
func (queue *pairQueue) behind(d *delivery) []*delivery {
	return queue.deliveries[slices.Index(queue.deliveries, d)+1:]
}

// isFirst reports whether the delivery is first in all of its pairs. A transfer has
// two.
func (d *delivery) isFirst() bool {
	return !slices.ContainsFunc(d.queues, func(queue *pairQueue) bool { return queue.deliveries[0] != d })
}

// isReady reports whether the delivery may be sent once it is first in its pairs:
// its row is not being stored, no operator has to decide, and the log is read up
// to it.
func (d *delivery) isReady() bool {
	return d.progress == queued && !d.ahead && d.park != parking && (d.state != store.Refused || d.released)
}

// row returns the stored form of a parked delivery.
func (d *delivery) row() store.Parked {
	return store.Parked{
		EventID: d.message.EventID, Pairs: d.message.Pairs, Revision: d.message.Revision,
		Position: d.message.Position, State: d.state, Reason: d.reason, Attempts: d.attempts,
	}
}

// tally counts what SNS has done on a topic, to distinguish its faults from
// those of one message.
type tally struct{ delivered, calls, failed uint64 }
