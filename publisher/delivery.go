package publisher

import (
	"slices"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// logPlace is how far the log is worked on.
type logPlace struct {
	at   eventstore.Position
	last store.Event // the last fact at or before it
	when time.Time   // it was recorded; zero when nothing was
	// facts is how many there are up to it, for a checkpoint that was counted
	facts uint64
}

// behind is the place when another one was reached too.
func (p logPlace) behind(next logPlace) logPlace {
	if next.last == (store.Event{}) {
		next.last, next.when, next.facts = p.last, p.when, p.facts
	}
	return next
}

// outgoing is one fact and what it tells on a topic: often one message, for a
// private one none.
type outgoing struct {
	position logPlace
	messages []message.Message
}

// deliveryState is how far a letter has come.
type deliveryState int

const (
	queued     deliveryState = iota // for those before it, for its row, or for an operator
	backingOff                      // a pause after a fault of its own
	ready                           // to be sent
	inFlight
	done
)

// parkState tells whether a letter is parked.
type parkState int

const (
	notParked parkState = iota
	parking             // its row must be there before the checkpoint may pass it
	isParked
)

// delivery is a message on its way. It stays in its lanes, in the order of the
// log, until it is delivered or skipped: nothing of its pairs overtakes it.
type delivery struct {
	message  message.Message  // without a body when it must be read from the log again
	position *pendingPosition // nil when the checkpoint need not wait for it
	front    bool             // its slot is open and its turn has come
	queues   []*pairQueue
	progress deliveryState
	ahead    bool // parked before a restart, and the log is not read up to it yet

	park     parkState
	state    store.State // of its row, "" off the desk
	released bool        // an operator asked for another try, which has no outcome yet
	reason   string
	attempts int // sendings in vain, as its row counts them

	alone          bool  // no other message may be in its batch: one that was failed as a whole
	sent           bool  // once at least
	since          tally // what SNS had done when it was sent first, or failed by itself last
	failures       uint64
	faultsOfItsOwn int // how often it failed by itself
	faults         int // of this entry alone, since the last that counted
}

// pairQueue is the order of one pair: by position, and what stands behind a parked
// letter is parked.
type pairQueue struct {
	pair       domain.Pair
	deliveries []*delivery
}

// push puts a letter at its place, and tells whether it stands behind a parked
// one.
func (on *pairQueue) push(it *delivery) (blocked bool) {
	i := len(on.deliveries)
	for i > 0 && it.message.Position.Before(on.deliveries[i-1].message.Position) {
		i--
	}
	on.deliveries = slices.Insert(on.deliveries, i, it)
	return i > 0 && on.deliveries[i-1].park != notParked
}

func (on *pairQueue) remove(it *delivery) {
	if on.deliveries[0] == it { // nearly always; a long lane is not moved for it
		on.deliveries[0] = nil
		on.deliveries = on.deliveries[1:]
		return
	}
	i := slices.Index(on.deliveries, it)
	on.deliveries = slices.Delete(on.deliveries, i, i+1)
}

func (on *pairQueue) behind(it *delivery) []*delivery {
	return on.deliveries[slices.Index(on.deliveries, it)+1:]
}

func (it *delivery) isFirst() bool {
	return !slices.ContainsFunc(it.queues, func(on *pairQueue) bool { return on.deliveries[0] != it })
}

// isReady tells whether a letter may be sent when it is first: no row of it is on
// its way, no operator is waited for, and all that stands before it is known.
func (it *delivery) isReady() bool {
	return it.progress == queued && !it.ahead && it.park != parking && (it.state != store.Refused || it.released)
}

// row is a parked letter as it is kept.
func (it *delivery) row() store.Parked {
	return store.Parked{
		EventID: it.message.EventID, Pairs: it.message.Pairs, Revision: it.message.Revision,
		Position: it.message.Position, State: it.state, Reason: it.reason, Attempts: it.attempts,
	}
}
