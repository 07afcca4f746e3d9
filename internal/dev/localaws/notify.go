package localaws

import (
	"encoding/json"
	"io"
	"net/http"
	"path"
	"time"

	"github.com/google/uuid"
)

// Notification returns an event in the envelope of SNS, as a queue without raw delivery
// gets it. id is the MessageId, by which consumers recognise a repeat.
func Notification(id, event string, at time.Time) string {
	return envelope("arn:aws:sns:eu-west-2:000000000000:domain-events", id, Entry{Message: event}, at)
}

// envelope wraps a message as SNS does for a subscription without raw delivery.
func envelope(topic, id string, e Entry, at time.Time) string {
	around := map[string]any{
		"Type": "Notification", messageID: id, "Message": e.Message, "Timestamp": at.UTC().Format(time.RFC3339Nano),
		"TopicArn": topic,
	}
	if len(e.Attributes) > 0 {
		around["MessageAttributes"] = e.Attributes
	}
	text, err := json.Marshal(around)
	if err != nil {
		panic(err) // a bug: these are texts
	}
	return string(text)
}

// notify accepts an event that a developer posts to the URL of a queue. It arrives in
// an envelope as if a topic had sent it. The query ?MessageId= sets the id, so that one
// message can be sent twice.
func (s *Server) notify(w http.ResponseWriter, r *http.Request) {
	event, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 256<<10))
	if err != nil || !json.Valid(event) {
		writeError(w, http.StatusBadRequest, "InvalidMessageContents", "the event must be JSON of at most 256 KiB")
		return
	}
	s.mu.Lock()
	known := s.queues[path.Base(r.URL.Path)] != nil
	s.mu.Unlock()
	if !known {
		writeError(w, http.StatusBadRequest, "QueueDoesNotExist", "The specified queue does not exist.")
		return
	}
	id := r.URL.Query().Get(messageID)
	if id == "" {
		id = uuid.NewString()
	}
	s.Send(path.Base(r.URL.Path), Notification(id, string(event), time.Now()))
	writeJSON(w, map[string]string{messageID: id})
}
