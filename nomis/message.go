package nomis

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nonassociations/commands/merge"
	"nonassociations/domain"
)

// The events that change who somebody is.
const (
	prisonerMerged = "prison-offender-events.prisoner.merged"
	bookingMoved   = "prison-offender-events.prisoner.booking.moved"
)

// bookingMovedReason is what the facts of a booking move say.
const bookingMovedReason = "BOOKING_MOVED"

// message is what one message of the queue asks for.
type message struct {
	id      uuid.UUID // of the command
	ignored string    // why it asks for nothing; "" when it does
	merge   merge.Message
}

// CommandID is the id of the command that a message gives: the id of the SNS
// envelope. SQS's own changes when a message is redriven.
func CommandID(messageID string) uuid.UUID {
	if id, err := uuid.Parse(messageID); err == nil {
		return id
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(messageID))
}

// envelope is SNS's. Where the subscription delivers raw, there is none.
type envelope struct {
	MessageID  string                     `json:"MessageId"`
	Message    json.RawMessage            `json:"Message"`
	Attributes map[string]json.RawMessage `json:"MessageAttributes"`
	Timestamp  string                     `json:"Timestamp"`
}

// eventType is the attribute that subscriptions filter by.
func (e envelope) eventType() string {
	var attribute struct {
		Value string `json:"Value"`
	}
	_ = json.Unmarshal(e.Attributes["eventType"], &attribute) // then it has none
	return attribute.Value
}

// event reads what it needs and lets everything else be: other fields come and
// go, and one of them once stopped merges for weeks.
type event struct {
	EventType   string `json:"eventType"`
	OccurredAt  string `json:"occurredAt"`
	Information struct {
		Number               string `json:"nomsNumber"`
		RemovedNumber        string `json:"removedNomsNumber"`
		Reason               string `json:"reason"`
		MovedFrom            string `json:"movedFromNomsNumber"`
		MovedTo              string `json:"movedToNomsNumber"`
		BookingStartDateTime string `json:"bookingStartDateTime"`
	} `json:"additionalInformation"`
}

// parse reads a message. fallbackID is SQS's own, for a message without an
// envelope. Its errors do not quote the message: it is about people.
func parse(body, fallbackID string, london *time.Location) (message, error) {
	wrapped := envelope{}
	if err := unmarshal([]byte(body), &wrapped); err != nil {
		return message{}, err
	}
	inner, said := body, event{}
	if len(wrapped.Message) > 0 {
		inner = unquoted(wrapped.Message)
	}
	if err := unmarshal([]byte(inner), &said); err != nil {
		return message{}, err
	}
	if wrapped.MessageID == "" {
		wrapped.MessageID = fallbackID
	}
	if said.EventType == "" {
		said.EventType = wrapped.eventType()
	}
	if said.OccurredAt == "" {
		said.OccurredAt = wrapped.Timestamp
	}
	m := message{id: CommandID(wrapped.MessageID)}
	err := m.read(said, london)
	return m, err
}

// unquoted is the event inside the envelope: a text, but some senders put the
// object itself.
func unquoted(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

func unmarshal(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	var field *json.UnmarshalTypeError
	if errors.As(err, &field) {
		return fmt.Errorf("the field %s has the wrong type", field.Field)
	}
	if err != nil {
		return errors.New("not JSON")
	}
	return nil
}

func (m *message) read(said event, london *time.Location) error {
	in := said.Information
	switch said.EventType {
	case prisonerMerged:
		if in.Reason != domain.ByMerge {
			m.ignored = "its reason is not MERGE"
			return nil
		}
		return m.between(in.RemovedNumber, in.Number, domain.ByMerge)
	case bookingMoved:
		m.merge.Booking = true
		if err := m.between(in.MovedFrom, in.MovedTo, bookingMovedReason); err != nil {
			return err
		}
		return m.within(in.BookingStartDateTime, said.OccurredAt, london)
	case "":
		return errors.New("it has no event type")
	}
	m.ignored = "its type concerns nobody here"
	return nil
}

func (m *message) between(previous, number, reason string) error {
	var errs [2]error
	m.merge.Previous, errs[0] = domain.ParsePrisonerNumber(previous)
	m.merge.Number, errs[1] = domain.ParsePrisonerNumber(number)
	m.merge.Reason = reason
	if m.merge.Previous == m.merge.Number {
		m.ignored = "both numbers are the same"
	}
	return errors.Join(errs[:]...)
}

// within sets the span of a booking; one that says no beginning takes all.
func (m *message) within(start, occurredAt string, london *time.Location) error {
	if start == "" {
		return nil
	}
	from, err := parseTime(start, london)
	if err != nil {
		return fmt.Errorf("bookingStartDateTime %w", err)
	}
	until, err := parseTime(occurredAt, london)
	if err != nil {
		return fmt.Errorf("occurredAt %w", err)
	}
	m.merge.Span = domain.Span{From: from, Until: until}
	return nil
}

// parseTime reads a moment with its offset, or London wall-clock time without
// one.
func parseTime(text string, london *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.In(london), nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, london); err == nil {
			return t.In(london), nil
		}
	}
	return time.Time{}, errors.New("is no time")
}
