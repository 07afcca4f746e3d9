package localaws

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// arnPrefix begins the ARN of a queue; its name follows.
const arnPrefix = "arn:aws:sqs:eu-west-2:000000000000:"

// attributesOf returns all attributes of a queue that are kept here, whichever were
// asked for. ApproximateNumberOfMessages counts the visible ones, as in SQS.
func (s *Server) attributesOf(q *queue) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	hidden, now := 0, time.Now()
	for _, m := range q.messages {
		if m.hiddenUntil.After(now) {
			hidden++
		}
	}
	attributes := map[string]string{
		"QueueArn":                              arnPrefix + q.name,
		"ApproximateNumberOfMessages":           strconv.Itoa(len(q.messages) - hidden),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(hidden),
		"VisibilityTimeout":                     strconv.Itoa(int(q.visibility / time.Second)),
	}
	if q.dead != nil {
		policy, err := json.Marshal(map[string]any{"deadLetterTargetArn": arnPrefix + q.dead.name, "maxReceiveCount": q.maxReceives})
		if err != nil {
			panic(err) // a bug: a text and a number
		}
		attributes["RedrivePolicy"] = string(policy)
	}
	return attributes
}

// sendWith is SendMessage, with the message's attributes.
func (s *Server) sendWith(q *queue, ask request) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := q.send(ask.MessageBody)
	for name, value := range ask.MessageAttributes {
		if m.Attributes == nil {
			m.Attributes = map[string]Attribute{}
		}
		m.Attributes[name] = value.attribute()
	}
	s.save()
	return m.ID
}

// deleteBatch is DeleteMessageBatch. An expired receipt succeeds and does nothing.
func (s *Server) deleteBatch(w http.ResponseWriter, q *queue, entries []entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	deleted := []map[string]string{}
	for _, e := range entries {
		if m := q.byReceipt(e.ReceiptHandle); m != nil {
			q.remove(m)
		}
		deleted = append(deleted, map[string]string{"Id": e.ID})
	}
	s.save()
	writeJSON(w, map[string]any{"Successful": deleted, "Failed": []any{}})
}

// moveBack is StartMessageMoveTask without a destination: the messages of a dead-letter
// queue return to the queue whose redrive policy names it, at once. SQS takes a while.
func (s *Server) moveBack(dead *queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		if q.dead != dead {
			continue
		}
		for _, m := range dead.messages {
			m.Received, m.receipt, m.hiddenUntil = 0, "", time.Time{}
		}
		q.messages, dead.messages = append(q.messages, dead.messages...), nil
		q.wake()
		break
	}
	s.save()
}
