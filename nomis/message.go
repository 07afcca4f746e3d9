package nomis

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/internal/tracing"
	"nonassociations/nomis/store"
)

// The event types that change the identity of a prisoner.
const (
	prisonerMerged = "prison-offender-events.prisoner.merged"
	bookingMoved   = "prison-offender-events.prisoner.booking.moved"
	bookingDeleted = "prison-offender-events.prisoner.booking.deleted"
)

// bookingMovedReason is the reason in the facts of a booking move.
const bookingMovedReason = "BOOKING_MOVED"

// message is one decoded message of the queue.
type message struct {
	id      uuid.UUID // of the command
	trace   string    // the trace parent of an envelope, "" without one
	ignored string    // why nothing is to be done; "" when there is
	merge   merge.Message
	// What the message is evidence of, about which prisoners; "" for none.
	evidence  store.MessageKind
	prisoners []domain.PrisonerNumber
}

// CommandID returns the command id of a message: its SNS message id, or an id derived
// from it. The id of SQS is not used, because it changes when a message is redriven,
// and a redriven message must be a repeat.
func CommandID(messageID string) uuid.UUID {
	if id, err := uuid.Parse(messageID); err == nil {
		return id
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(messageID))
}

// delivery is an event as a queue delivers it. envelope is empty around a bare event.
type delivery struct {
	event, envelope object
	id              uuid.UUID
	kind            string // the event's type, "" for none
}

// unwrap reads a body: an event, or an SNS envelope around one. fallbackID is the SQS
// message id, for a message without an envelope. With an error the kind may still be
// known, from the envelope.
func unwrap(body, fallbackID string) (delivery, error) {
	outer, err := parseObject(body)
	if err != nil {
		return delivery{}, err
	}
	d := delivery{event: outer, envelope: object{}}
	if isEnvelope(outer) {
		d.envelope = outer
		d.event, err = eventIn(outer)
	}
	d.id = CommandID(cmp.Or(d.envelope.textOrEmpty("MessageId"), fallbackID))
	if d.kind = typeOf(d.event, d.envelope); d.kind == "" {
		err = errors.New("it has no event type")
	}
	return d, err
}

// parse reads a message. An error means that the event type is unknown or that an event
// of a known type lacks a value. An event of another type asks for nothing, whatever
// else it has. Errors do not quote the message, because it is about people.
func parse(body, fallbackID string, london *time.Location) (message, error) {
	d, err := unwrap(body, fallbackID)
	m := message{id: d.id, trace: d.trace()}
	switch {
	case d.kind == "":
	case d.kind != prisonerMerged && d.kind != bookingMoved && d.kind != bookingDeleted:
		m.ignored, err = notHandled, nil
	case err == nil:
		err = m.read(d, london)
	}
	return m, err
}

// notHandled is why an event of another type asks for nothing.
const notHandled = "event type not handled"

// isEnvelope reports whether an object is an SNS envelope around an event. An envelope
// has no event type of its own. There is none with raw message delivery. An event may
// have a member named Message as well, so the absence of an event type decides.
func isEnvelope(outer object) bool {
	_, holds := outer["Message"]
	return holds && outer.textOrEmpty("eventType") == "" && !outer.occursTwice("eventType")
}

// eventIn returns the event of an envelope. It is a JSON text by the rules of SNS, but
// some senders put the object itself there.
func eventIn(envelope object) (object, error) {
	text := envelope.textOrEmpty("Message")
	if text == "" {
		text = string(envelope["Message"])
	}
	event, err := parseObject(text)
	if err != nil {
		return nil, fmt.Errorf("the event in Message is %w", err)
	}
	return event, nil
}

// typeOf returns the type of an event, or the message attribute eventType when the
// event has none, or "". An event with two types counts as one without a type.
func typeOf(event, envelope object) string {
	if event.occursTwice("eventType") {
		return ""
	}
	return cmp.Or(event.textOrEmpty("eventType"), attributeOf(envelope, "eventType"))
}

// attributeOf returns a message attribute of an envelope, "" without one.
func attributeOf(envelope object, name string) string {
	attributes, err := envelope.object("MessageAttributes")
	if err != nil {
		return ""
	}
	found, err := attributes.object(name)
	if err != nil {
		return ""
	}
	return found.textOrEmpty("Value")
}

// trace returns the trace parent of the envelope, "" for one that is none.
func (d delivery) trace() string { return tracing.Valid(attributeOf(d.envelope, traceAttribute)) }

// read reads an event of a known type.
func (m *message) read(d delivery, london *time.Location) error {
	if d.kind == bookingDeleted {
		return m.deleted(d.event)
	}
	in, err := d.event.object("additionalInformation")
	if err != nil {
		return err
	}
	if d.kind == prisonerMerged {
		return m.merged(in)
	}
	m.merge.Booking, m.evidence = true, store.BookingMoved
	if err := m.readNumbers(in, "movedFromNomsNumber", "movedToNomsNumber", bookingMovedReason); err != nil {
		return err
	}
	return m.parsePeriod(in, d.event, d.envelope, london)
}

// deleted reads a booking.deleted event. It changes nothing here: the rows that NOMIS
// loses with a booking are still true.
func (m *message) deleted(event object) (err error) {
	m.ignored, m.evidence = "a deleted booking changes nothing here", store.BookingDeleted
	m.prisoners, err = event.people()
	return err
}

// merged reads a prisoner.merged event. Other reasons than MERGE are ignored: they do
// not join two prisoners.
func (m *message) merged(in object) error {
	reason, err := in.text("reason")
	if err != nil {
		return err
	}
	if reason != domain.ByMerge {
		m.ignored = "its reason is not MERGE"
		return nil
	}
	m.evidence = store.Merged
	return m.readNumbers(in, "removedNomsNumber", "nomsNumber", domain.ByMerge)
}

// readNumbers reads the two prisoner numbers from the members of these names.
func (m *message) readNumbers(in object, previous, number, reason string) error {
	var errs [2]error
	m.merge.Previous, errs[0] = in.number(previous)
	m.merge.Number, errs[1] = in.number(number)
	m.merge.Reason = reason
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	m.prisoners = []domain.PrisonerNumber{m.merge.Previous, m.merge.Number}
	if m.merge.Previous == m.merge.Number {
		m.evidence, m.ignored = "", "both numbers are the same"
	}
	return nil
}

// parsePeriod reads the period of a booking move. Without the start of the booking the
// period is unbounded at both ends, as all records move.
func (m *message) parsePeriod(in, event, envelope object, london *time.Location) error {
	from, given, err := in.moment("bookingStartDateTime", london)
	if err != nil || !given {
		return err
	}
	until, given, err := event.moment("occurredAt", london)
	if err == nil && !given {
		until, given, err = envelope.moment("Timestamp", london)
	}
	if err == nil && !given {
		err = errors.New("occurredAt is missing")
	}
	m.merge.Span = domain.Period{From: from, Until: until}
	return err
}
