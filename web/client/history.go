package client

import (
	"github.com/google/uuid"

	"nonassociations/domain"
)

// History is what happened, the oldest first.
type History struct {
	Entries []HistoryEntry `json:"entries"`
}

// HistoryEntry is one fact: who did it, when it was true (London's time), when
// it was known (with offset), and the non-association before and after.
type HistoryEntry struct {
	Entry

	Position *uint64 `json:"position"` // nil where the store tells none
}

// FeedLine is one fact of the feed.
type FeedLine struct {
	Entry

	Position        uint64                  `json:"position"` // to go on from
	PrisonerNumbers []domain.PrisonerNumber `json:"prisonerNumbers"`
}

// Entry is what history and feed have in common.
type Entry struct {
	EventID          uuid.UUID            `json:"eventId"`
	Type             string               `json:"type"`
	NonAssociationID *uuid.UUID           `json:"nonAssociationId"` // nil: it is of a prisoner number, or no record counts
	Actor            string               `json:"actor"`
	Source           domain.Source        `json:"source"`
	OccurredAt       domain.LocalDateTime `json:"occurredAt"`
	RecordedAt       string               `json:"recordedAt"`
	Revision         uint64               `json:"revision"`
	Reason           *string              `json:"reason"`
	RequestedBy      *string              `json:"requestedBy,omitempty"`
	Renumbered       *Renumbered          `json:"renumbered,omitempty"`
	Before           *FullRecord          `json:"before"`
	After            *FullRecord          `json:"after"`
}

// Renumbered says that a prisoner's number became another. Of a record it is
// told twice, first by the pair that the record goes to; of the number itself
// once, without a half.
type Renumbered struct {
	PreviousPrisonerNumber domain.PrisonerNumber `json:"previousPrisonerNumber"`
	PrisonerNumber         domain.PrisonerNumber `json:"prisonerNumber"`
	Half                   string                `json:"half,omitempty"` // ARRIVED or LEFT
}

// FullRecord is a non-association in the words of staff and of NOMIS.
type FullRecord struct {
	StaffNonAssociation

	AuthorisedBy             *string              `json:"authorisedBy"`
	EffectiveDate            domain.LocalDateTime `json:"effectiveDate"`
	FirstPrisonerReasonCode  domain.ReasonCode    `json:"firstPrisonerReasonCode"`
	SecondPrisonerReasonCode domain.ReasonCode    `json:"secondPrisonerReasonCode"`
	TypeCode                 domain.TypeCode      `json:"typeCode"`
	TypeSequence             *int                 `json:"typeSequence"`
}

// SubjectAccess is what is held about a person, deleted ones too, the newest
// first.
type SubjectAccess struct {
	Content PrisonerList[SubjectItem] `json:"content"`
}

// SubjectItem is one of a person, as it is or was when it was deleted.
type SubjectItem struct {
	PrisonerView

	Deleted *Deleted `json:"deleted"`
}

// Deleted says when and why one was deleted, and who asked for it.
type Deleted struct {
	At     string  `json:"at"`
	By     string  `json:"by"`
	Reason *string `json:"reason"` // nil when NOMIS deleted it
}
