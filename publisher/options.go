package publisher

import (
	"log/slog"
	"time"

	"nonassociations/eventstore"
	"nonassociations/publisher/message"
)

// Options of a Publisher. All but Window and Build must be set.
type Options struct {
	Topic  message.Topic
	Client *Client
	Mapper message.Mapper
	Store  eventstore.Store
	// DSN is the address of the database with checkpoint and parked messages. There
	// must be no transaction pooler between: the lease belongs to a session.
	DSN    string
	Clock  func() time.Time
	Logger *slog.Logger
	Window int    // facts in the pipeline at once; 0 means 4,096
	Build  string // of this process, for its row of consumer.status

	step   func(string) // a test's hook at each step of the loop
	delays delays       // zero means normalDelays
}

const defaultWindow = 4096

// withDefaults returns the options with what a zero value stands for.
func (o Options) withDefaults() Options {
	if o.Window == 0 {
		o.Window = defaultWindow
	}
	if o.delays == (delays{}) {
		o.delays = normalDelays
	}
	if o.step == nil {
		o.step = func(string) {}
	}
	o.Mapper.DomainOnly = o.Topic == message.Domain
	return o
}

// LeaseOf returns the name of the lease that a topic's publisher holds. Of all
// processes one holds it.
func LeaseOf(t message.Topic) string { return "publisher/" + string(t) }

// ConsumerOf returns the name of a topic's publisher in the table consumer.status.
func ConsumerOf(t message.Topic) string {
	if t == message.History {
		return "historyPublisher"
	}
	return "publisher"
}

// senders is how many batches may be in flight at once. A call to SNS takes tens of
// milliseconds, so this bounds the throughput to some thousand messages a second.
const senders = 16
