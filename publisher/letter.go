package publisher

import (
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/desk"
)

// place is how far the log is worked on.
type place struct {
	at   eventstore.Position
	last desk.Event // the last fact at or before it
	when time.Time  // it was recorded; zero when nothing was
}

// behind is the place when another one was reached too.
func (p place) behind(next place) place {
	if next.last == (desk.Event{}) {
		next.last, next.when = p.last, p.when
	}
	return next
}

// parcel is one fact and what it tells on a topic: often one message, for a
// private one none.
type parcel struct {
	place    place
	messages []Message
}

// slot is a place of the log that is done when its messages are.
type slot struct {
	place  place
	open   int
	oldest time.Time // when the first fact in it was recorded
}

// whereabouts is how far a letter has come.
type whereabouts int

const (
	waiting whereabouts = iota // for those before it, or for people
	ready                      // to be sent
	sending
	gone
)

// onDesk tells whether a letter lies on the desk.
type onDesk int

const (
	off   onDesk = iota
	going        // it must lie there before the bookmark may pass it
	lying
)

// letter is a message on its way. It stays first in its lanes until it is
// delivered, so that nothing of its pairs overtakes it.
type letter struct {
	message  Message // without a body when it must be read from the log again
	slot     *slot   // nil when the bookmark has passed it
	lanes    []*lane
	where    whereabouts
	desk     onDesk
	refused  bool // SNS calls it invalid, and nobody has asked for another try
	reason   string
	refusals int
	alone    bool // its batch was refused, and it must be known for which of them
	tries    int  // faults of this entry alone
}

// lane is the order of one pair.
type lane struct {
	pair    domain.Pair
	letters []*letter
	parked  int // of letters that are on the desk or on their way there
}

func (l *letter) isFirst() bool {
	for _, lane := range l.lanes {
		if lane.letters[0] != l {
			return false
		}
	}
	return true
}

// size is what SNS counts.
func (m Message) size() int {
	n := len(m.Body)
	for name, a := range m.Attributes {
		n += len(name) + len(a.dataType()) + len(a.text())
	}
	return n
}
