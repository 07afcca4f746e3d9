package localaws

import (
	"context"
	"crypto/md5" // what the protocol asks for
	"encoding/hex"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Words of the protocol.
const (
	messageID     = "MessageId"
	deleteMessage = "DeleteMessage"
)

// request has the input fields of all supported actions. Other fields are ignored.
type request struct {
	QueueURL            string `json:"QueueUrl"`
	QueueName           string
	MessageBody         string
	MaxNumberOfMessages int
	WaitTimeSeconds     int
	VisibilityTimeout   *int
	ReceiptHandle       string
	MessageAttributes   map[string]attributeValue
	Entries             []entry
	SourceArn           string
}

// entry is a message in DeleteMessageBatch or SendMessageBatch.
type entry struct {
	ID            string `json:"Id"`
	ReceiptHandle string
	MessageBody   string
}

// received is a message in the response to ReceiveMessage.
type received struct {
	MessageID     string `json:"MessageId"`
	ReceiptHandle string
	MD5OfBody     string
	Body          string
	Attributes    map[string]string

	MessageAttributes map[string]attributeValue `json:",omitempty"`
}

// attributeValue is an attribute in SQS's form. A binary value is base64, in SQS as here.
type attributeValue struct {
	DataType    string
	StringValue string `json:",omitempty"`
	BinaryValue string `json:",omitempty"`
}

// attribute returns an attribute in the form in which it is kept.
func (v attributeValue) attribute() Attribute {
	return Attribute{Type: v.DataType, Value: v.StringValue + v.BinaryValue}
}

// valuesOf returns attributes in the JSON form of SQS.
func valuesOf(attributes map[string]Attribute) map[string]attributeValue {
	values := map[string]attributeValue{}
	for name, a := range attributes {
		if strings.HasPrefix(a.Type, "Binary") {
			values[name] = attributeValue{DataType: a.Type, BinaryValue: a.Value}
			continue
		}
		values[name] = attributeValue{DataType: a.Type, StringValue: a.Value}
	}
	return values
}

// do performs an action of a queue. An action on an unknown queue fails with
// QueueDoesNotExist.
func (s *Server) do(w http.ResponseWriter, r *http.Request, action string, ask request) {
	if action == "CreateQueue" {
		writeJSON(w, map[string]string{"QueueUrl": s.Queue(ask.QueueName)})
		return
	}
	name := ask.QueueURL + ask.QueueName
	if action == "StartMessageMoveTask" { // the only one that names its queue by ARN
		name = strings.TrimPrefix(ask.SourceArn, arnPrefix)
	}
	s.mu.Lock()
	q := s.queues[path.Base("/"+name)]
	s.mu.Unlock()
	if q == nil {
		writeError(w, http.StatusBadRequest, "QueueDoesNotExist", "The specified queue does not exist.")
		return
	}
	switch action {
	case "GetQueueUrl":
		writeJSON(w, map[string]string{"QueueUrl": s.Queue(q.name)})
	case "SendMessage":
		id := s.sendWith(q, ask)
		writeJSON(w, map[string]string{messageID: id, "MD5OfMessageBody": sum(ask.MessageBody)})
	case "SendMessageBatch":
		s.sendBatch(w, q, ask.Entries)
	case "ReceiveMessage":
		writeJSON(w, map[string]any{"Messages": s.receive(r.Context(), q, ask)})
	case deleteMessage, "ChangeMessageVisibility":
		s.change(w, q, action, ask)
	case "DeleteMessageBatch":
		s.deleteBatch(w, q, ask.Entries)
	case "GetQueueAttributes":
		writeJSON(w, map[string]any{"Attributes": s.attributesOf(q)})
	case "StartMessageMoveTask":
		s.moveBack(q)
		writeJSON(w, map[string]string{"TaskHandle": uuid.NewString()})
	default:
		writeError(w, http.StatusBadRequest, "UnknownOperationException", action+" is not here")
	}
}

// receive is ReceiveMessage. It long-polls until a message is visible, WaitTimeSeconds
// are over or the caller leaves.
func (s *Server) receive(ctx context.Context, q *queue, ask request) []received {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(ask.WaitTimeSeconds)*time.Second)
	defer cancel()
	for {
		s.mu.Lock()
		visibility := q.visibility
		if ask.VisibilityTimeout != nil {
			visibility = time.Duration(*ask.VisibilityTimeout) * time.Second
		}
		given, wait := q.receive(time.Now(), max(ask.MaxNumberOfMessages, 1), visibility)
		answers := make([]received, 0, len(given))
		for _, m := range given {
			answers = append(answers, received{
				MessageID: m.ID, ReceiptHandle: m.receipt, MD5OfBody: sum(m.Body), Body: m.Body,
				Attributes:        map[string]string{"ApproximateReceiveCount": strconv.Itoa(m.Received)},
				MessageAttributes: valuesOf(m.Attributes),
			})
		}
		arrived := q.arrived
		if len(given) > 0 {
			s.save()
		}
		s.mu.Unlock()
		if len(answers) > 0 || !waitFor(ctx, arrived, wait) {
			return answers
		}
	}
}

// waitFor waits for a message to arrive or to become visible, and reports whether to
// look again.
func waitFor(ctx context.Context, arrived <-chan struct{}, visible time.Duration) bool {
	var due <-chan time.Time
	if visible >= 0 {
		timer := time.NewTimer(visible)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-arrived:
		return true
	case <-due:
		return true
	case <-ctx.Done():
		return false
	}
}

// change performs DeleteMessage or ChangeMessageVisibility on a received message.
// Deleting with an expired receipt succeeds and does nothing, as in SQS.
func (s *Server) change(w http.ResponseWriter, q *queue, action string, ask request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := q.byReceipt(ask.ReceiptHandle)
	switch {
	case m == nil && action == deleteMessage: // it is gone, as was asked
	case m == nil:
		writeError(w, http.StatusBadRequest, "MessageNotInflight", "The message is not in flight.")
		return
	case action == deleteMessage:
		q.remove(m)
		s.save()
	case ask.VisibilityTimeout != nil:
		m.hiddenUntil = time.Now().Add(time.Duration(*ask.VisibilityTimeout) * time.Second)
		q.wake()
	}
	writeJSON(w, struct{}{})
}

// sum returns the MD5 that clients of AWS compare with the body. It is no security
// measure.
func sum(text string) string {
	digest := md5.Sum([]byte(text))
	return hex.EncodeToString(digest[:])
}
