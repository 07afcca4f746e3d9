package nomis

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
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

// parse reads a message. fallbackID is SQS's own, for a message without an
// envelope. Only a message whose type cannot be told, or that needs something
// done and does not say what, is an error; one of another type asks for nothing,
// whatever else it holds. Errors do not quote the message: it is about people.
func parse(body, fallbackID string, london *time.Location) (message, error) {
	outer, err := parseObject(body)
	if err != nil {
		return message{}, err
	}
	said, envelope := outer, object{}
	if isEnvelope(outer) {
		envelope = outer
		said, err = eventIn(outer)
	}
	m := message{id: CommandID(cmp.Or(envelope.textOrEmpty("MessageId"), fallbackID))}
	switch kind := typeOf(said, envelope); {
	case kind == "":
		err = errors.New("it has no event type")
	case kind != prisonerMerged && kind != bookingMoved:
		m.ignored, err = "its type concerns nobody here", nil
	case err == nil:
		err = m.read(kind, said, envelope, london)
	}
	return m, err
}

// isEnvelope reports whether this is what SNS puts around an event, which has no
// event type of its own; where the subscription delivers raw, there is none. An
// event may have any further key, one called Message too.
func isEnvelope(outer object) bool {
	_, holds := outer["Message"]
	return holds && outer.textOrEmpty("eventType") == "" && !outer.occursTwice("eventType")
}

// eventIn is the event in an envelope: a text, but some senders put the object
// itself.
func eventIn(envelope object) (object, error) {
	text := envelope.textOrEmpty("Message")
	if text == "" {
		text = string(envelope["Message"])
	}
	said, err := parseObject(text)
	if err != nil {
		return nil, fmt.Errorf("the event in Message is %w", err)
	}
	return said, nil
}

// typeOf is the type of an event, else the attribute that subscriptions filter
// by, else "". One that is given twice is told by nothing else.
func typeOf(said, envelope object) string {
	if said.occursTwice("eventType") {
		return ""
	}
	attribute := object{}
	if attributes, err := envelope.object("MessageAttributes"); err == nil {
		if found, err := attributes.object("eventType"); err == nil {
			attribute = found
		}
	}
	return cmp.Or(said.textOrEmpty("eventType"), attribute.textOrEmpty("Value"))
}

func (m *message) read(kind string, said, envelope object, london *time.Location) error {
	in, err := said.object("additionalInformation")
	if err != nil {
		return err
	}
	if kind == prisonerMerged {
		return m.merged(in)
	}
	m.merge.Booking = true
	if err := m.readNumbers(in, "movedFromNomsNumber", "movedToNomsNumber", bookingMovedReason); err != nil {
		return err
	}
	return m.parsePeriod(in, said, envelope, london)
}

func (m *message) merged(in object) error {
	reason, err := in.text("reason")
	if err != nil {
		return err
	}
	if reason != domain.ByMerge {
		m.ignored = "its reason is not MERGE"
		return nil
	}
	return m.readNumbers(in, "removedNomsNumber", "nomsNumber", domain.ByMerge)
}

// readNumbers reads the two numbers, by the names of their members.
func (m *message) readNumbers(in object, previous, number, reason string) error {
	var errs [2]error
	m.merge.Previous, errs[0] = in.number(previous)
	m.merge.Number, errs[1] = in.number(number)
	m.merge.Reason = reason
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	if m.merge.Previous == m.merge.Number {
		m.ignored = "both numbers are the same"
	}
	return nil
}

// number is a member that must be a prisoner number; NOMIS pads some with blanks.
func (o object) number(name string) (domain.PrisonerNumber, error) {
	text, err := o.text(name)
	if err != nil {
		return "", err
	}
	number, err := domain.ParsePrisonerNumber(strings.TrimSpace(text))
	if err != nil {
		return "", fmt.Errorf("%s %w", name, err)
	}
	return number, nil
}

// parsePeriod sets the span of a booking; one that says no beginning takes all, and
// needs no end.
func (m *message) parsePeriod(in, said, envelope object, london *time.Location) error {
	from, given, err := in.moment("bookingStartDateTime", london)
	if err != nil || !given {
		return err
	}
	until, given, err := said.moment("occurredAt", london)
	if err == nil && !given {
		until, given, err = envelope.moment("Timestamp", london)
	}
	if err == nil && !given {
		err = errors.New("occurredAt is missing")
	}
	m.merge.Span = domain.Period{From: from, Until: until}
	return err
}
