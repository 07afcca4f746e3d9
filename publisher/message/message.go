package message

import (
	"encoding/json"

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

// DataType returns the attribute's type in the words of SNS.
func (a Attribute) DataType() string {
	if a.List != nil {
		return "String.Array"
	}
	return "String"
}

// Value returns the attribute's text as SNS takes it: a list is a JSON array.
func (a Attribute) Value() string {
	if a.List == nil {
		return a.Text
	}
	text, err := json.Marshal(a.List)
	if err != nil {
		panic(err) // a bug: these are texts
	}
	return string(text)
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

// Size returns the bytes of body and attributes, as SNS counts them for its
// limits.
func (m Message) Size() int {
	n := len(m.Body)
	for name, a := range m.Attributes {
		n += len(name) + len(a.DataType()) + len(a.Value())
	}
	return n
}
