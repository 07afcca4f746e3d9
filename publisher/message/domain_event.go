package message

import (
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// version is that of the body of a domain event.
const version = "1.0"

// withOffset is RFC 3339 with the offset in figures, in winter too.
const withOffset = "2006-01-02T15:04:05.999999-07:00"

// DomainEvent is the body of a message on the domain topic. It holds what is needed
// to find and to order records, and no personal data; detailUrl leads to the rest.
type DomainEvent struct {
	EventType       EventType            `json:"eventType"`
	OccurredAt      domain.LocalDateTime `json:"occurredAt"`  // when it was decided here
	PublishedAt     string               `json:"publishedAt"` // RFC 3339; of this sending
	Version         string               `json:"version"`
	Description     string               `json:"description"`
	DetailURL       string               `json:"detailUrl"`
	PersonReference PersonReference      `json:"personReference"`

	AdditionalInformation AdditionalInformation `json:"additionalInformation"`
}

// PersonReference names both prisoners, the one whom the command was about first.
type PersonReference struct {
	Identifiers []Identifier `json:"identifiers"`
}

// Identifier is one identifier of a person.
type Identifier struct {
	Type  string                `json:"type"` // NOMS
	Value domain.PrisonerNumber `json:"value"`
}

// AdditionalInformation identifies the non-association and its change.
type AdditionalInformation struct {
	PrisonerNumber         domain.PrisonerNumber `json:"prisonerNumber"` // whom the command was about
	OtherPrisonerNumber    domain.PrisonerNumber `json:"otherPrisonerNumber"`
	PreviousPrisonerNumber domain.PrisonerNumber `json:"previousPrisonerNumber,omitzero"` // RENUMBERED only
	NonAssociationID       uuid.UUID             `json:"nonAssociationId"`
	Source                 domain.Source         `json:"source"`
	Change                 Change                `json:"change"`
	EventID                uuid.UUID             `json:"eventId"`
	Revision               uint64                `json:"revision"` // in the pair's stream
	Position               uint64                `json:"position"` // in the whole log
}

// domainEvent builds the message of the domain topic. The prisoner whom the command
// was about comes first in the identifiers. Only RENUMBERED names the replaced
// number: a deletion that a second arrival carries over does not.
func (m Mapper) domainEvent(now moment, change Change) (Message, error) {
	about, id := now.about(), now.fact.Event.About()
	other := now.pair.Other(about)
	info := AdditionalInformation{
		PrisonerNumber: about, OtherPrisonerNumber: other, NonAssociationID: id,
		Source: now.fact.Meta.Source, Change: change, EventID: now.fact.ID,
		Revision: now.recorded.Revision, Position: now.recorded.Position.Uint64(),
	}
	if change == ChangeRenumbered {
		info.PreviousPrisonerNumber = now.previous()
	}
	return now.message(Domain, string(change.EventType()), DomainEvent{
		EventType:       change.EventType(),
		OccurredAt:      domain.Local(now.fact.Meta.DecidedAt.In(m.London)),
		PublishedAt:     m.withOffset(m.Clock()),
		Version:         version,
		Description:     describe(change),
		DetailURL:       m.detailURL(id),
		PersonReference: PersonReference{Identifiers: []Identifier{{"NOMS", about}, {"NOMS", other}}},

		AdditionalInformation: info,
	})
}

// withOffset writes an instant in London's time, with the offset in figures.
func (m Mapper) withOffset(t time.Time) string { return t.In(m.London).Format(withOffset) }

// describe returns a sentence for people who look at a queue. It holds nothing
// about a prisoner.
func describe(change Change) string {
	switch change {
	case ChangeOpened:
		return "A non-association was opened"
	case ChangeAmended:
		return "A non-association was amended"
	case ChangeClosed:
		return "A non-association was closed"
	case ChangeReopened:
		return "A non-association was reopened"
	case ChangeDeleted:
		return "A non-association was deleted"
	case ChangeRenumbered:
		return "A non-association belongs to another number of one of the prisoners"
	}
	return "A non-association changed"
}
