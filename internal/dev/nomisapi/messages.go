package nomisapi

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// rowMessage is the message about one changed row, as Oracle's trigger and its relay
// make it.
type rowMessage struct {
	EventType           string  `json:"eventType"`
	EventDatetime       string  `json:"eventDatetime"`
	BookingID           int64   `json:"bookingId"`
	OffenderIDDisplay   string  `json:"offenderIdDisplay"`
	NomisEventType      string  `json:"nomisEventType"`
	NSOffenderIDDisplay string  `json:"nsOffenderIdDisplay"`
	NSBookingID         int64   `json:"nsBookingId"`
	ReasonCode          string  `json:"reasonCode"`
	NSType              string  `json:"nsType"`
	TypeSeq             int     `json:"typeSeq"`
	EffectiveDate       string  `json:"effectiveDate"`
	ExpiryDate          *string `json:"expiryDate,omitempty"`
	AuthorisedBy        *string `json:"authorisedBy,omitempty"`
	Comment             *string `json:"comment,omitempty"`
	AuditModuleName     *string `json:"auditModuleName"`
}

// The types of messages about rows.
const (
	upserted = "NON_ASSOCIATION_DETAIL-UPSERTED"
	deleted  = "NON_ASSOCIATION_DETAIL-DELETED"
)

// message returns the message about a row. module is nil for one that does not say who
// wrote.
func (c changedRow) message(at time.Time, module *string) string {
	d := c.detail
	body := rowMessage{
		EventType: upserted, NomisEventType: "OFF_NA_DETAILS_ASSOC-UPDATED", EventDatetime: at.Format(localTime),
		BookingID: c.booking, OffenderIDDisplay: c.of.no, NSBookingID: c.nsBooking, NSOffenderIDDisplay: c.about.no,
		ReasonCode: d.Reason, NSType: d.Type, TypeSeq: d.Seq, EffectiveDate: d.Effective, ExpiryDate: d.Expiry,
		AuthorisedBy: d.AuthorisedBy, Comment: d.Comment, AuditModuleName: module,
	}
	if c.deleted {
		body.EventType, body.NomisEventType = deleted, "OFF_NA_DETAILS_ASSOC-DELETED"
	}
	return envelope(body.EventType, body, at)
}

// envelope puts an event into the envelope of SNS, under a new MessageId.
func envelope(kind string, event any, at time.Time) string {
	type attribute struct{ Type, Value string }
	inner, _ := json.Marshal(event) // texts and numbers: cannot fail
	outer, _ := json.Marshal(map[string]any{
		"Type": "Notification", "MessageId": uuid.NewString(), "TopicArn": "arn:aws:sns:eu-west-2:000000000000:offender-events",
		"Message": string(inner), "Timestamp": at.UTC().Format(time.RFC3339Nano),
		"MessageAttributes": map[string]attribute{"eventType": {"String", kind}},
	})
	return string(outer)
}

// tell sends the messages about the rows of a change that was committed, pair by pair,
// as the faults want it.
func (s *Server) tell(rows []changedRow) {
	for len(rows) > 0 {
		of := keyOf(rows[0].of.no, rows[0].about.no)
		n := slices.IndexFunc(rows, func(c changedRow) bool { return keyOf(c.of.no, c.about.no) != of })
		if n < 0 {
			n = len(rows)
		}
		s.tellPair(of, rows[:n])
		rows = rows[n:]
	}
}

// tellPair sends the messages of one pair.
func (s *Server) tellPair(of pairKey, rows []changedRow) {
	_, lost := s.faults.take(eventLost, of)
	_, null := s.faults.take(eventNullModule, of)
	_, twice := s.faults.take(eventTwice, of)
	late, isLate := s.faults.take(eventsOutOfOrder, of)
	if lost {
		return
	}
	var messages []string
	for _, row := range rows {
		module := &row.module
		if null {
			module = nil
		}
		messages = append(messages, row.message(s.options.Now(), module))
	}
	if twice {
		messages = slices.Concat(messages, messages) // the same ids: SNS delivers at least once
	}
	if isLate {
		s.outbox.hold(messages, late.wait())
		return
	}
	s.outbox.post(messages)
}

// outbox sends messages, and holds back those that are to come late.
type outbox struct {
	send func(message string)

	mu    sync.Mutex
	held  []string
	timer *time.Timer
}

// post sends messages, and then those that were held back.
func (o *outbox) post(messages []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, message := range messages {
		o.send(message)
	}
	o.release()
}

// hold keeps messages back until others are posted, or for a time. They then come in
// reverse.
func (o *outbox) hold(messages []string, most time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, message := range messages {
		o.held = slices.Insert(o.held, 0, message)
	}
	if o.timer != nil {
		o.timer.Stop()
	}
	o.timer = time.AfterFunc(most, o.flush)
}

// flush sends what is held back.
func (o *outbox) flush() { o.post(nil) }

// release sends what is held back. The caller holds the lock.
func (o *outbox) release() {
	if o.timer != nil {
		o.timer.Stop()
		o.timer = nil
	}
	held := o.held
	o.held = nil
	for _, message := range held {
		o.send(message)
	}
}
