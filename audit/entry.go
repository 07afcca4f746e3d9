package audit

import (
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Entry is one fact of the history.
type Entry struct {
	EventID          uuid.UUID            `json:"eventId"`
	Type             string               `json:"type"` // as it was recorded
	NonAssociationID uuid.UUID            `json:"nonAssociationId"`
	Actor            string               `json:"actor"`
	Source           domain.Source        `json:"source"`
	OccurredAt       domain.LocalDateTime `json:"occurredAt"` // when it was true
	RecordedAt       string               `json:"recordedAt"` // when it was known; RFC 3339
	Revision         uint64               `json:"revision"`
	Position         *uint64              `json:"position"` // null where the store sends none with a stream
	Reason           *string              `json:"reason"`   // of closing, reopening, deleting, or of ignoring what NOMIS told
	RequestedBy      *string              `json:"requestedBy,omitzero"`
	Renumbered       *Renumbered          `json:"renumbered,omitzero"`
	Before           *Whole               `json:"before"` // null: not there, or deleted
	After            *Whole               `json:"after"`
}

// Renumbered says that the non-association moved to another pair, since one
// prisoner's number became another. It is told twice: ARRIVED by the pair it
// goes to, with the record under either number as before and after, then LEFT
// by the pair it came from, which has no after. A reader who goes by the id
// alone takes ARRIVED and leaves out LEFT. One that was between the two numbers
// and was deleted as they became one is restored by an ARRIVED alone, which has
// no before.
type Renumbered struct {
	PreviousPrisonerNumber domain.PrisonerNumber `json:"previousPrisonerNumber"`
	PrisonerNumber         domain.PrisonerNumber `json:"prisonerNumber"`
	Half                   Half                  `json:"half"`
}

// Half is one of the two facts of a renumbering.
type Half string

// The halves, in their order.
const (
	Arrived Half = "ARRIVED"
	Left    Half = "LEFT"
)

// recordedLayout always says the offset in figures, in winter too.
const recordedLayout = "2006-01-02T15:04:05.999999-07:00"

// step folds one fact into the state of its pair and says what it did.
func step(london *time.Location, s domain.State, f placed) (Entry, domain.State) {
	next := domain.Evolve(s, f.Fact)
	view := View{Today: domain.Today(f.Meta.DecidedAt.In(london)), London: london}
	entry := Entry{
		EventID: f.ID, Type: f.eventType, NonAssociationID: f.Event.Concerns(),
		Actor: f.Meta.Actor, Source: f.Meta.Source,
		OccurredAt: domain.Local(f.Meta.OccurredAt.In(london)),
		RecordedAt: f.recordedAt.In(london).Format(recordedLayout),
		Revision:   f.revision, Position: outside(f.position),
		Before: view.shown(s, f.Event.Concerns()), After: view.shown(next, f.Event.Concerns()),
	}
	entry.Reason, entry.RequestedBy = why(f.Event)
	if e, is := f.Event.(domain.PrisonerRenumbered); is {
		view.renumber(&entry, e)
	}
	return entry, next
}

func (v View) renumber(entry *Entry, e domain.PrisonerRenumbered) {
	entry.Renumbered = &Renumbered{PreviousPrisonerNumber: e.Previous, PrisonerNumber: e.Number, Half: Left}
	if e.NonAssociation == nil {
		return
	}
	entry.Renumbered.Half = Arrived
	if e.From == e.To { // it was restored where it is: what was there before is in this stream
		return
	}
	if entry.Before == nil && !e.NonAssociation.Deleted {
		back := domain.Renumbering{Previous: e.Number, Number: e.Previous}
		whole := v.Whole(e.From, back.Of(*e.NonAssociation))
		entry.Before = &whole
	}
}

// shown is nil for one that is not there, or not any more.
func (v View) shown(s domain.State, id uuid.UUID) *Whole {
	i := s.Find(id)
	if i < 0 || s.Items[i].Deleted {
		return nil
	}
	whole := v.Whole(s.Pair, s.Items[i])
	return &whole
}

func why(event domain.Event) (reason, requestedBy *string) {
	switch e := event.(type) {
	case domain.Closed:
		return orNull(e.ClosedReason), nil
	case domain.Reopened:
		return orNull(e.ReopenReason), nil
	case domain.Deleted:
		return orNull(e.DeletionReason), orNull(e.RequestedBy)
	case domain.PrisonerRenumbered:
		return orNull(e.Reason), nil
	case domain.Ignored:
		return orNull(string(e.Reason)), nil
	default:
		return nil, nil
	}
}

func outside(position eventstore.Position) *uint64 {
	if position == (eventstore.Position{}) {
		return nil
	}
	n := position.Outside()
	return &n
}
