package message

import (
	"github.com/google/uuid"

	"nonassociations/domain"
)

// HistoryEntry is the body of a message for reconciliation: one fact, private
// ones and those of the migration too. It never says when it was sent, so that
// two deliveries are equal to the last byte.
type HistoryEntry struct {
	EventID          uuid.UUID                `json:"eventId"`
	Type             string                   `json:"type"` // as it was recorded
	NonAssociationID uuid.UUID                `json:"nonAssociationId"`
	PrisonerNumbers  [2]domain.PrisonerNumber `json:"prisonerNumbers"` // the pair, the smaller number first
	Actor            string                   `json:"actor"`
	Source           domain.Source            `json:"source"`
	OccurredAt       domain.LocalDateTime     `json:"occurredAt"` // when it was true
	RecordedAt       string                   `json:"recordedAt"` // when it was known; RFC 3339
	Revision         uint64                   `json:"revision"`
	Position         uint64                   `json:"position"`
	Reason           string                   `json:"reason,omitzero"`      // of closing, reopening, deleting, renumbering
	RequestedBy      string                   `json:"requestedBy,omitzero"` // of a deletion
	Renumbered       *Renumbered              `json:"renumbered,omitzero"`
	Ignored          *IgnoredItem             `json:"ignored,omitzero"`
	Before           *RecordRef               `json:"before"` // null: not there, or deleted
	After            *RecordRef               `json:"after"`
}

// RecordRef is a non-association in the words of NOMIS, as the record's own items,
// but for either prisoner: each has its reason code under its own number.
type RecordRef struct {
	ID uuid.UUID `json:"id"`
	NOMISValues
}

// NOMISValues is what NOMIS knows of a non-association.
type NOMISValues struct {
	TypeSequence  *int                                        `json:"typeSequence"` // null when it is not known
	ReasonCodes   map[domain.PrisonerNumber]domain.ReasonCode `json:"reasonCodes"`
	TypeCode      domain.TypeCode                             `json:"typeCode"`
	EffectiveDate domain.LocalDateTime                        `json:"effectiveDate"`
	ExpiryDate    *domain.LocalDateTime                       `json:"expiryDate"`
	AuthorisedBy  *string                                     `json:"authorisedBy"`
	Comments      *string                                     `json:"comments"`
}

// IgnoredItem is what NOMIS told and the record did not take over.
type IgnoredItem struct {
	Reason domain.IgnoreReason `json:"reason"`
	Item   *NOMISValues        `json:"item"` // null: a deletion
}

// Half is one of the two facts of a renumbering.
type Half string

// The halves, in their order.
const (
	Arrived Half = "ARRIVED"
	Left    Half = "LEFT"
)

// Renumbered says which number became which, and where the record went. It is
// told twice: ARRIVED, with the record under either number as before and after,
// then LEFT, which has no after.
type Renumbered struct {
	PreviousPrisonerNumber domain.PrisonerNumber `json:"previousPrisonerNumber"`
	PrisonerNumber         domain.PrisonerNumber `json:"prisonerNumber"`
	Half                   Half                  `json:"half"`
	From                   domain.Pair           `json:"from"`
	To                     domain.Pair           `json:"to"`
}

func (m Mapper) historyEntry(now moment) (Message, error) {
	meta := now.fact.Meta
	entry := HistoryEntry{
		EventID: now.fact.ID, Type: now.recorded.Type, NonAssociationID: now.fact.Event.Concerns(),
		PrisonerNumbers: now.pair.Numbers(), Actor: meta.Actor, Source: meta.Source,
		OccurredAt: domain.Local(meta.OccurredAt.In(m.London)), RecordedAt: m.withOffset(now.recorded.RecordedAt),
		Revision: now.recorded.Revision, Position: now.recorded.Position.Uint64(),
		Before: recordRef(now.before), After: recordRef(now.after),
	}
	entry.explain(now.pair, now.fact.Event)
	return now.message(History, now.recorded.Type, entry)
}

// explain adds what only some types say.
func (h *HistoryEntry) explain(pair domain.Pair, event domain.Event) {
	switch e := event.(type) {
	case domain.Closed:
		h.Reason = e.ClosedReason
	case domain.Reopened:
		h.Reason = e.ReopenReason
	case domain.Deleted:
		h.Reason, h.RequestedBy = e.DeletionReason, e.RequestedBy
	case domain.Ignored:
		h.Ignored = &IgnoredItem{Reason: e.Reason, Item: nomisValues(e.Item)}
	case domain.TransferredIn:
		h.renumber(e.Renumbering, Arrived, e.From, e.To)
		h.beforeArrival(e)
	case domain.TransferredOut:
		h.renumber(e.Renumbering, Left, e.From, e.To)
	case domain.Restored:
		h.renumber(e.Renumbering, Arrived, pair, pair)
	case domain.Opened, domain.Imported, domain.Amended, domain.SequenceLearned, domain.SequenceReleased, domain.PrisonerMerged, domain.PrisonerUnmerged:
	}
}

func (h *HistoryEntry) renumber(r domain.Renumbering, half Half, from, to domain.Pair) {
	h.Reason = r.Reason
	h.Renumbered = &Renumbered{PreviousPrisonerNumber: r.Previous, PrisonerNumber: r.Number, Half: half, From: from, To: to}
}

// beforeArrival gives an arrival what it was under the other number, which its
// own pair does not know.
func (h *HistoryEntry) beforeArrival(e domain.TransferredIn) {
	if h.Before == nil && !e.NonAssociation.Deleted {
		back := domain.Renumbering{Previous: e.Number, Number: e.Previous}.Of(e.NonAssociation)
		h.Before = recordRef(&back)
	}
}

func recordRef(n *domain.NonAssociation) *RecordRef {
	if n == nil {
		return nil
	}
	codes := make(map[domain.PrisonerNumber]domain.ReasonCode, len(n.Sides))
	for number, side := range n.Sides {
		codes[number] = side.ReasonCode
	}
	return &RecordRef{n.ID, NOMISValues{
		TypeSequence: sequence(n.TypeSequence), ReasonCodes: codes, TypeCode: n.TypeCode,
		EffectiveDate: n.EffectiveDate, ExpiryDate: n.ExpiryDate, AuthorisedBy: n.AuthorisedBy, Comments: n.Comment,
	}}
}

func nomisValues(i *domain.Item) *NOMISValues {
	if i == nil {
		return nil
	}
	return &NOMISValues{
		TypeSequence: sequence(i.TypeSequence), ReasonCodes: i.ReasonCodes, TypeCode: i.TypeCode,
		EffectiveDate: i.EffectiveDate, ExpiryDate: i.ExpiryDate, AuthorisedBy: i.AuthorisedBy, Comments: i.Comment,
	}
}

func sequence(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}
