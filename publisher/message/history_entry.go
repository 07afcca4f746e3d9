package message

import (
	"github.com/google/uuid"

	"nonassociations/domain"
)

// HistoryEntry is the body of a message on the history topic: one fact, private
// ones and those of the migration included. It holds no time of sending, so that two
// deliveries are equal byte for byte.
type HistoryEntry struct {
	EventID          uuid.UUID                `json:"eventId"`
	Type             string                   `json:"type"`             // as it was recorded
	NonAssociationID *uuid.UUID               `json:"nonAssociationId"` // null: an ignored item beside which no record counts
	PrisonerNumbers  [2]domain.PrisonerNumber `json:"prisonerNumbers"`  // the pair, the smaller number first
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
	Before           *Record                  `json:"before"` // null: not there, or deleted
	After            *Record                  `json:"after"`
}

// Record is a non-association in the vocabulary of NOMIS, from neither side: each
// prisoner's reason code is under that prisoner's number.
type Record struct {
	ID uuid.UUID `json:"id"`
	NOMISValues
}

// NOMISValues are the values of a non-association that NOMIS holds too.
type NOMISValues struct {
	TypeSequence  *int                                        `json:"typeSequence"` // null when it is not known
	ReasonCodes   map[domain.PrisonerNumber]domain.ReasonCode `json:"reasonCodes"`
	TypeCode      domain.TypeCode                             `json:"typeCode"`
	EffectiveDate domain.LocalDateTime                        `json:"effectiveDate"`
	ExpiryDate    *domain.LocalDateTime                       `json:"expiryDate"`
	AuthorisedBy  *string                                     `json:"authorisedBy"`
	Comments      *string                                     `json:"comments"`
}

// IgnoredItem is an item of sync or migrate that the record did not take over.
type IgnoredItem struct {
	Reason domain.IgnoreReason `json:"reason"`
	Item   *NOMISValues        `json:"item"` // null: a deletion
}

// Phase is which of the two facts of a transfer an entry is. The key on the wire is
// "half".
type Phase string

// The phases, in their order.
const (
	Arrived Phase = "ARRIVED"
	Left    Phase = "LEFT"
)

// Renumbered is which number became which, and between which pairs the record was
// transferred. There are two entries: ARRIVED, whose before and after are the record
// under the old and the new number, and then LEFT, which has no after.
type Renumbered struct {
	PreviousPrisonerNumber domain.PrisonerNumber `json:"previousPrisonerNumber"`
	PrisonerNumber         domain.PrisonerNumber `json:"prisonerNumber"`
	Phase                  Phase                 `json:"half"`
	From                   domain.Pair           `json:"from"`
	To                     domain.Pair           `json:"to"`
}

// historyEntry builds the message of the history topic. Times are London's, as in
// NOMIS.
func (m Mapper) historyEntry(now moment) (Message, error) {
	meta := now.fact.Meta
	entry := HistoryEntry{
		EventID: now.fact.ID, Type: now.recorded.Type,
		PrisonerNumbers: now.pair.Numbers(), Actor: meta.Actor, Source: meta.Source,
		OccurredAt: domain.Local(meta.OccurredAt.In(m.London)), RecordedAt: m.withOffset(now.recorded.RecordedAt),
		Revision: now.recorded.Revision, Position: now.recorded.Position.Uint64(),
		Before: recordOf(now.before), After: recordOf(now.after),
	}
	if id := now.fact.Event.About(); id != uuid.Nil {
		entry.NonAssociationID = &id
	}
	entry.addDetails(now.pair, now.fact.Event)
	return now.message(History, now.recorded.Type, entry)
}

// addDetails fills in what only some types have.
func (h *HistoryEntry) addDetails(pair domain.Pair, event domain.Event) {
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
		h.setRenumbered(e.Renumbering, Arrived, e.From, e.To)
		h.setBefore(e)
	case domain.TransferredOut:
		h.setRenumbered(e.Renumbering, Left, e.From, e.To)
	case domain.Restored:
		h.setRenumbered(e.Renumbering, Arrived, pair, pair)
	case domain.Opened, domain.Imported, domain.Amended, domain.SequenceLearned, domain.SequenceReleased, domain.Delivered,
		domain.PrisonerMerged, domain.PrisonerUnmerged,
		domain.PrisonStaged, domain.PrisonAnnounced, domain.InboundEnded, domain.InboundResumed, domain.OutboundEnded,
		domain.OutboundResumed, domain.LegacyEnded, domain.LegacyResumed:
	}
}

// setRenumbered fills in which number became which. A restored record has From
// equal to To.
func (h *HistoryEntry) setRenumbered(r domain.Renumbering, phase Phase, from, to domain.Pair) {
	h.Reason = r.Reason
	h.Renumbered = &Renumbered{PreviousPrisonerNumber: r.Previous, PrisonerNumber: r.Number, Phase: phase, From: from, To: to}
}

// setBefore gives an arrival the record under the old number, which the state of its
// new pair does not hold.
func (h *HistoryEntry) setBefore(e domain.TransferredIn) {
	if h.Before == nil && !e.NonAssociation.Deleted {
		back := domain.Renumbering{Previous: e.Number, Number: e.Previous}.Of(e.NonAssociation)
		h.Before = recordOf(&back)
	}
}

// recordOf returns a record in NOMIS's vocabulary, or nil for none.
func recordOf(n *domain.NonAssociation) *Record {
	if n == nil {
		return nil
	}
	codes := make(map[domain.PrisonerNumber]domain.ReasonCode, len(n.Sides))
	for number, side := range n.Sides {
		codes[number] = side.ReasonCode
	}
	return &Record{n.ID, NOMISValues{
		TypeSequence: sequence(n.TypeSequence), ReasonCodes: codes, TypeCode: n.TypeCode,
		EffectiveDate: n.EffectiveDate, ExpiryDate: n.ExpiryDate, AuthorisedBy: n.AuthorisedBy, Comments: n.Comment,
	}}
}

// nomisValues returns the values of an ignored item as they were sent, or nil for
// none.
func nomisValues(i *domain.Item) *NOMISValues {
	if i == nil {
		return nil
	}
	return &NOMISValues{
		TypeSequence: sequence(i.TypeSequence), ReasonCodes: i.ReasonCodes, TypeCode: i.TypeCode,
		EffectiveDate: i.EffectiveDate, ExpiryDate: i.ExpiryDate, AuthorisedBy: i.AuthorisedBy, Comments: i.Comment,
	}
}

// sequence returns nil for 0, which stands for an unknown sequence: NOMIS counts
// from 1.
func sequence(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}
