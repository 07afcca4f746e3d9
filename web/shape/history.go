package shape

import (
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// History is what happened to one non-association or to those of one prisoner,
// oldest first.
type History struct {
	Entries []Entry `json:"entries"` // never null
}

// Entry is one fact with the record before and after it.
type Entry struct {
	EventID          uuid.UUID            `json:"eventId"`
	Type             string               `json:"type"`             // as it was recorded
	NonAssociationID *uuid.UUID           `json:"nonAssociationId"` // null: it is about a prisoner number, or no record counts
	Actor            string               `json:"actor"`
	Source           domain.Source        `json:"source"`
	OccurredAt       domain.LocalDateTime `json:"occurredAt"` // when it was true
	RecordedAt       string               `json:"recordedAt"` // when it was known; RFC 3339
	Revision         uint64               `json:"revision"`
	Position         *uint64              `json:"position"` // null where the store sends none with a stream
	Reason           *string              `json:"reason"`   // of closing, reopening, deleting, renumbering, or of ignoring an item
	RequestedBy      *string              `json:"requestedBy,omitzero"`
	Renumbered       *Renumbered          `json:"renumbered,omitzero"`
	Before           *FullRecord          `json:"before"` // null: it did not exist, or was deleted
	After            *FullRecord          `json:"after"`
}

// FeedLine is one line of the feed: an entry with the two prisoner numbers, the
// smaller first, and none for a fact of the switch-over. Its Position is never null.
type FeedLine struct {
	Entry

	PrisonerNumbers []domain.PrisonerNumber `json:"prisonerNumbers"` // never null
	SwitchOver      *SwitchOverChange       `json:"switchOver,omitzero"`
}

// Renumbered has the old and the new number of a prisoner. A transfer has two entries:
// ARRIVED in the pair of the new number, whose before and after are the record under
// the old and the new number, then LEFT in the pair of the old number, which has no
// after. A reader that goes by the id alone ignores LEFT. A merge that is reversed in
// the same pair has ARRIVED alone. The entry of a prisoner number itself has no phase.
type Renumbered struct {
	PreviousPrisonerNumber domain.PrisonerNumber `json:"previousPrisonerNumber"`
	PrisonerNumber         domain.PrisonerNumber `json:"prisonerNumber"`
	Phase                  Phase                 `json:"half,omitzero"`
}

// Phase is which of the two facts of a transfer an entry is. The key on the wire is
// "half".
type Phase string

// The phases, in their order. The values are on the wire: never change one.
const (
	Arrived Phase = "ARRIVED"
	Left    Phase = "LEFT"
)

// Record is a non-association with the pair that it belongs to.
type Record struct {
	Pair           domain.Pair
	NonAssociation domain.NonAssociation
}

// RecordedFact is a fact with its place in the log.
type RecordedFact struct {
	domain.Fact

	Type       string // as it was recorded
	RecordedAt time.Time
	Revision   uint64
	Position   *uint64 // nil when it is not known
}

// Recorded returns when a fact was recorded, as answers show it.
func Recorded(at time.Time, london *time.Location) string {
	return at.In(london).Format(recordedLayout)
}

// recordedLayout is RFC 3339 with the offset in figures, in winter too.
const recordedLayout = "2006-01-02T15:04:05.999999-07:00"

// NewEntry returns the entry of a fact. Open and closed of before and after are as of
// the day of the decision: the same fact gives the same entry for ever.
func NewEntry(london *time.Location, f RecordedFact, before, after *Record) Entry {
	view := View{Today: domain.Today(f.Meta.DecidedAt.In(london)), London: london}
	entry := Entry{
		EventID: f.ID, Type: f.Type,
		Actor: f.Meta.Actor, Source: f.Meta.Source,
		OccurredAt: domain.Local(f.Meta.OccurredAt.In(london)),
		RecordedAt: Recorded(f.RecordedAt, london),
		Revision:   f.Revision, Position: f.Position,
		Renumbered: renumbered(f.Event), Before: view.record(before), After: view.record(after),
	}
	// The fact of a merge is about a prisoner number, and an ignored item may be about no
	// record.
	if id := f.Event.About(); id != uuid.Nil {
		entry.NonAssociationID = &id
	}
	entry.Reason, entry.RequestedBy = orNull(domain.WhyOf(f.Event)), requesterOf(f.Event)
	return entry
}

// record returns a record in both vocabularies; nil for a record that does not exist.
func (v View) record(r *Record) *FullRecord {
	if r == nil {
		return nil
	}
	full := v.FullRecord(r.Pair, r.NonAssociation)
	return &full
}

// renumbered returns which number became which by a fact of a merge; nil for any other
// fact.
func renumbered(event domain.Event) *Renumbered {
	of := func(r domain.Renumbering, half Phase) *Renumbered {
		return &Renumbered{PreviousPrisonerNumber: r.Previous, PrisonerNumber: r.Number, Phase: half}
	}
	switch e := event.(type) {
	case domain.TransferredIn:
		return of(e.Renumbering, Arrived)
	case domain.Restored:
		return of(e.Renumbering, Arrived)
	case domain.TransferredOut:
		return of(e.Renumbering, Left)
	case domain.PrisonerMerged:
		return of(e.Renumbering, "")
	case domain.PrisonerUnmerged:
		return of(e.Renumbering, "")
	default:
		return nil
	}
}

// requesterOf returns at whose request a record was deleted; nil for any other fact.
func requesterOf(event domain.Event) *string {
	e, _ := event.(domain.Deleted)
	return orNull(e.RequestedBy)
}
