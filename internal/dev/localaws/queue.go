package localaws

import (
	"time"

	"github.com/google/uuid"
)

// Message is one message in a queue. Received counts its receipts.
type Message struct {
	ID       string `json:"id"`
	Body     string `json:"body"`
	Received int    `json:"received"` // how often

	Attributes map[string]Attribute `json:"attributes,omitempty"` // of what a topic delivered as it is
	Group      string               `json:"group,omitempty"`      // of what came from a FIFO topic

	// These two are not in the file: after a restart every message is visible.
	hiddenUntil time.Time
	receipt     string // of the last receipt: an older one is no longer good
}

// HiddenUntil returns when a received message becomes visible again, and the zero time
// for a message that was not received yet.
func (m Message) HiddenUntil() time.Time { return m.hiddenUntil }

// queue is guarded by its server's lock.
type queue struct {
	name       string
	messages   []*Message
	visibility time.Duration
	// After maxReceives receipts a message goes to the dead letter queue.
	dead        *queue
	maxReceives int
	most        int           // the oldest go when there are more; 0: none go
	arrived     chan struct{} // closed and made anew when something may have become visible
}

// newQueue makes an empty queue.
func newQueue(name string, visibility time.Duration) *queue {
	return &queue{name: name, visibility: visibility, arrived: make(chan struct{})}
}

// wake wakes all long polls, which then look again. The caller holds the lock.
func (q *queue) wake() {
	close(q.arrived)
	q.arrived = make(chan struct{})
}

// send appends a message and wakes long polls. A bounded queue drops its oldest
// messages.
func (q *queue) send(body string) *Message {
	m := &Message{ID: uuid.NewString(), Body: body}
	q.messages = append(q.messages, m)
	if q.most > 0 && len(q.messages) > q.most {
		q.messages = q.messages[len(q.messages)-q.most:]
	}
	q.wake()
	return m
}

// receive returns up to limit visible messages and hides them for visibility. Messages
// with maxReceives receipts go to the dead-letter queue instead. wait is the time until
// the next hidden message becomes visible, or -1 for none. The caller holds the lock.
func (q *queue) receive(now time.Time, limit int, visibility time.Duration) (given []*Message, wait time.Duration) {
	wait = -1
	var dead []*Message
	defer func() { q.deadLetter(dead) }()
	for _, m := range q.messages {
		if hidden := m.hiddenUntil.Sub(now); hidden > 0 {
			if wait < 0 || hidden < wait {
				wait = hidden
			}
			continue
		}
		if q.dead != nil && m.Received >= q.maxReceives {
			dead = append(dead, m)
			continue
		}
		if len(given) == limit {
			break
		}
		m.Received++
		m.receipt, m.hiddenUntil = uuid.NewString(), now.Add(visibility)
		given = append(given, m)
	}
	return given, wait
}

// deadLetter moves messages that were received too often to the dead-letter queue.
func (q *queue) deadLetter(dead []*Message) {
	for _, m := range dead {
		q.remove(m)
		q.dead.messages = append(q.dead.messages, m)
		q.dead.wake()
	}
}

// byReceipt returns the message that was received under a handle, nil when there is
// none. A handle expires with the next receipt of its message, as in SQS.
func (q *queue) byReceipt(receipt string) *Message {
	for _, m := range q.messages {
		if m.receipt == receipt && receipt != "" {
			return m
		}
	}
	return nil
}

// remove deletes a message.
func (q *queue) remove(gone *Message) {
	for i, m := range q.messages {
		if m == gone {
			q.messages = append(q.messages[:i], q.messages[i+1:]...)
			return
		}
	}
}
