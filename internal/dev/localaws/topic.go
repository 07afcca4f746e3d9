package localaws

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Entry is one message as a publisher sends it.
type Entry struct {
	ID            string // of the entry in its batch, "" when it came alone
	Message       string
	Attributes    map[string]Attribute
	Group         string // FIFO topics only
	Deduplication string
}

// Attribute is a message attribute. Type is String, String.Array (a JSON array as
// text), Number or Binary.
type Attribute struct {
	Type  string `json:"Type"`
	Value string `json:"Value"`
}

// topic is guarded by the lock of its server.
type topic struct {
	arn           string
	subscriptions []*subscription
	sent          map[string]recentSend // FIFO: by deduplication id
	serial        int
}

// recentSend is the result of a message, which a FIFO topic returns for a repeat.
type recentSend struct {
	id string
	at time.Time
}

// subscription is a queue that a topic delivers to.
type subscription struct {
	arn    string
	queue  *queue
	raw    bool
	filter filter
}

// repeatTime is the deduplication interval of FIFO topics in SNS.
const repeatTime = 5 * time.Minute

// fifo reports whether the topic orders and deduplicates its messages.
func (t *topic) fifo() bool { return strings.HasSuffix(t.arn, ".fifo") }

// publish delivers to every queue whose filter matches and returns the message's id. A
// repeat on a FIFO topic is acknowledged with the first id and not delivered. The
// caller holds the lock.
func (t *topic) publish(e Entry, now time.Time) string {
	if t.fifo() {
		if was, there := t.sent[e.Deduplication]; there && now.Sub(was.at) < repeatTime {
			return was.id
		}
	}
	id := uuid.NewString()
	if t.fifo() {
		t.sent[e.Deduplication] = recentSend{id, now}
	}
	t.serial++
	for _, s := range t.subscriptions {
		if s.filter.matches(e.Attributes) {
			s.deliver(t.arn, id, e, now)
		}
	}
	return id
}

// deliver adds a message to the queue, raw or in an envelope.
func (s *subscription) deliver(topic, id string, e Entry, now time.Time) {
	if s.raw {
		m := s.queue.send(e.Message)
		m.Attributes, m.Group = e.Attributes, e.Group
		return
	}
	s.queue.send(envelope(topic, id, e, now)).Group = e.Group
}

// Topic creates a topic unless it exists, and returns its ARN. A name that ends in
// .fifo makes a FIFO topic.
func (s *Server) Topic(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	arn := "arn:aws:sns:eu-west-2:000000000000:" + name
	if s.topics[arn] == nil {
		s.topics[arn] = &topic{arn: arn, sent: map[string]recentSend{}}
	}
	return arn
}

// DropTopic removes a topic with its subscriptions, as an operator could by mistake.
// The queues stay.
func (s *Server) DropTopic(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.topics, arn)
}

// Subscribe delivers the messages of a topic to a queue, which is made if need be:
// unchanged when raw, else in an envelope. policy is a filter policy in JSON, "" for all
// messages. Errors: no such topic, or a policy with an operator that is not supported
// here.
func (s *Server) Subscribe(arn, queueName string, raw bool, policy string) error {
	f, err := parseFilter(policy)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.topics[arn] == nil {
		return errNoTopic
	}
	s.topics[arn].subscribe(s.named(queueName), raw, f)
	return nil
}

// subscribe adds a queue, or changes its subscription, and returns the subscription's
// ARN.
func (t *topic) subscribe(q *queue, raw bool, f filter) string {
	if i := slices.IndexFunc(t.subscriptions, func(s *subscription) bool { return s.queue == q }); i >= 0 {
		t.subscriptions[i].raw, t.subscriptions[i].filter = raw, f
		return t.subscriptions[i].arn
	}
	arn := t.arn + ":" + uuid.NewString()
	t.subscriptions = append(t.subscriptions, &subscription{arn, q, raw, f})
	return arn
}
