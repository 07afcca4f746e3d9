package message

import (
	"encoding/json"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Topic is one of the two SNS topics.
type Topic string

// The topics. They are stored with parked messages: never change one.
const (
	Domain  Topic = "domain"  // one message a change, for every subscriber
	History Topic = "history" // each fact with its state before and after, for reconciliation
)

// Attribute is a message attribute, by which subscribers filter. With List set it is
// a String.Array, otherwise a String.
type Attribute struct {
	Text string
	List []string
}

// DataType returns "String.Array" or "String", the names of SNS.
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

// Message is the SNS message published to one topic for one fact. The same fact
// always gives the same message with the same EventID. Only publishedAt in the body
// of a domain event differs between two sendings.
type Message struct {
	Topic      Topic
	Body       []byte
	Attributes map[string]Attribute
	EventID    uuid.UUID // its own stable id; the deduplication id on a FIFO topic
	Group      string    // the pair's stream words, "A0135GA_A9109UD"; the group on a FIFO topic
	// Pairs are the pairs whose order the message keeps: its own, and for a transfer
	// the other pair too. No later message of either overtakes it.
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
