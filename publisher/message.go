package publisher

import (
	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Topic is one of the two places that the world listens to.
type Topic string

// The topics. Their words are stored with parked messages: never change one.
const (
	Domain  Topic = "domain"  // one message a change, for everybody
	History Topic = "history" // each fact with its before and after, for reconciliation
)

// Attribute is one message attribute, by which subscribers filter. With List
// set it is a String.Array, else a String.
type Attribute struct {
	Text string
	List []string
}

// Message is what leaves the house for one fact on one topic. The same fact
// always makes the same message with the same EventID; what may differ between
// two sendings is the time of publishing in its body.
type Message struct {
	Topic      Topic
	Body       []byte
	Attributes map[string]Attribute
	EventID    uuid.UUID // its own stable id; the deduplication id on a FIFO topic
	Group      string    // the pair's stream words, "A0135GA_A9109UD"; the group on a FIFO topic
	// Pairs are whose order it keeps: one, or two for a renumbering, which no
	// message of either pair overtakes.
	Pairs    []domain.Pair
	Position eventstore.Position
	Revision uint64
}
