package publisher

import (
	"slices"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/store"
)

// place is how far the log is worked on.
type place struct {
	at   eventstore.Position
	last store.Event // the last fact at or before it
	when time.Time   // it was recorded; zero when nothing was
	// facts is how many there are up to it, for a bookmark that was counted
	facts uint64
}

// behind is the place when another one was reached too.
func (p place) behind(next place) place {
	if next.last == (store.Event{}) {
		next.last, next.when, next.facts = p.last, p.when, p.facts
	}
	return next
}

// parcel is one fact and what it tells on a topic: often one message, for a
// private one none.
type parcel struct {
	place    place
	messages []Message
}

// whereabouts is how far a letter has come.
type whereabouts int

const (
	waiting whereabouts = iota // for those before it, for its row, or for an operator
	resting                    // a pause after a fault of its own
	ready                      // to be sent
	sending
	gone
)

// onDesk tells whether a letter is parked.
type onDesk int

const (
	off   onDesk = iota
	going        // its row must be there before the bookmark may pass it
	lying
)

// letter is a message on its way. It stays in its lanes, in the order of the
// log, until it is delivered or skipped: nothing of its pairs overtakes it.
type letter struct {
	message Message // without a body when it must be read from the log again
	slot    *slot   // nil when the bookmark need not wait for it
	front   bool    // its slot is open and its turn has come
	lanes   []*lane
	where   whereabouts
	ahead   bool // parked before a restart, and the log is not read up to it yet

	desk     onDesk
	state    store.State // of its row, "" off the desk
	released bool        // an operator asked for another try, which has no outcome yet
	reason   string
	tries    int // sendings in vain, as its row counts them

	alone   bool  // no other message may be in its batch: one that was failed as a whole
	sent    bool  // once at least
	since   tally // what SNS had done when it was sent first, or failed by itself last
	inVain  uint64
	strikes int // how often it failed by itself
	faults  int // of this entry alone, since the last that counted
}

// lane is the order of one pair: by position, and what stands behind a parked
// letter is parked.
type lane struct {
	pair    domain.Pair
	letters []*letter
}

// join puts a letter at its place, and tells whether it stands behind a parked
// one.
func (on *lane) join(it *letter) (blocked bool) {
	i := len(on.letters)
	for i > 0 && it.message.Position.Before(on.letters[i-1].message.Position) {
		i--
	}
	on.letters = slices.Insert(on.letters, i, it)
	return i > 0 && on.letters[i-1].desk != off
}

func (on *lane) leave(it *letter) {
	if on.letters[0] == it { // nearly always; a long lane is not moved for it
		on.letters[0] = nil
		on.letters = on.letters[1:]
		return
	}
	i := slices.Index(on.letters, it)
	on.letters = slices.Delete(on.letters, i, i+1)
}

func (on *lane) behind(it *letter) []*letter {
	return on.letters[slices.Index(on.letters, it)+1:]
}

func (it *letter) isFirst() bool {
	return !slices.ContainsFunc(it.lanes, func(on *lane) bool { return on.letters[0] != it })
}

// mayGo tells whether a letter may be sent when it is first: no row of it is on
// its way, no operator is waited for, and all that stands before it is known.
func (it *letter) mayGo() bool {
	return it.where == waiting && !it.ahead && it.desk != going && (it.state != store.Refused || it.released)
}

// row is a parked letter as it is kept.
func (it *letter) row() store.Parked {
	return store.Parked{
		EventID: it.message.EventID, Pairs: it.message.Pairs, Revision: it.message.Revision,
		Position: it.message.Position, State: it.state, Reason: it.reason, Tries: it.tries,
	}
}

// size is what SNS counts.
func (m Message) size() int {
	n := len(m.Body)
	for name, a := range m.Attributes {
		n += len(name) + len(a.dataType()) + len(a.text())
	}
	return n
}
