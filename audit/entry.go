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
	Type             string               `json:"type"`             // as it was recorded
	NonAssociationID *uuid.UUID           `json:"nonAssociationId"` // null: it is about a prisoner number, or no record counts
	Actor            string               `json:"actor"`
	Source           domain.Source        `json:"source"`
	OccurredAt       domain.LocalDateTime `json:"occurredAt"` // when it was true
	RecordedAt       string               `json:"recordedAt"` // when it was known; RFC 3339
	Revision         uint64               `json:"revision"`
	Position         *uint64              `json:"position"` // null where the store sends none with a stream
	Reason           *string              `json:"reason"`   // of closing, reopening, deleting, renumbering, or of ignoring what NOMIS told
	RequestedBy      *string              `json:"requestedBy,omitzero"`
	Renumbered       *Renumbered          `json:"renumbered,omitzero"`
	Before           *FullRecord          `json:"before"` // null: not there, or deleted
	After            *FullRecord          `json:"after"`
}

// Renumbered says that one prisoner's number became another. Of a
// non-association it is told twice: ARRIVED by the pair it goes to, with the
// record under either number as before and after, then LEFT by the pair it came
// from, which has no after. A reader who goes by the id alone takes ARRIVED and
// leaves out LEFT. What a wrong merge did to one where it stands is taken back
// by an ARRIVED alone; a deleted one has no before. Of the number itself it is
// told without a half.
type Renumbered struct {
	PreviousPrisonerNumber domain.PrisonerNumber `json:"previousPrisonerNumber"`
	PrisonerNumber         domain.PrisonerNumber `json:"prisonerNumber"`
	Half                   Half                  `json:"half,omitzero"`
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

// step folds one fact into its pair and says what it did.
func step(london *time.Location, facts *eventstore.Folding, f recordedFact) (Entry, error) {
	view := View{Today: domain.Today(f.Meta.DecidedAt.In(london)), London: london}
	entry := entryOf(london, f)
	entry.Before = view.shown(f.Pair, facts, f.Event.Concerns())
	if err := facts.Add(f); err != nil {
		return Entry{}, err
	}
	entry.After = view.shown(f.Pair, facts, f.Event.Concerns())
	if e, is := f.Event.(domain.TransferredIn); is && entry.Before == nil && !e.NonAssociation.Deleted {
		back := domain.Renumbering{Previous: e.Number, Number: e.Previous}
		whole := view.FullRecord(e.From, back.Of(e.NonAssociation))
		entry.Before = &whole
	}
	return entry, nil
}

// entryOf is what a fact says by itself.
func entryOf(london *time.Location, f recordedFact) Entry {
	entry := Entry{
		EventID: f.ID, Type: f.Type,
		Actor: f.Meta.Actor, Source: f.Meta.Source,
		OccurredAt: domain.Local(f.Meta.OccurredAt.In(london)),
		RecordedAt: f.RecordedAt.In(london).Format(recordedLayout),
		Revision:   f.Revision, Position: publicPosition(f.Position),
	}
	if id := f.Event.Concerns(); id != uuid.Nil {
		entry.NonAssociationID = &id
	}
	entry.Reason, entry.RequestedBy = reasonOf(f.Event)
	entry.Renumbered = renumbered(f.Event)
	return entry
}

func renumbered(event domain.Event) *Renumbered {
	of := func(r domain.Renumbering, half Half) *Renumbered {
		return &Renumbered{PreviousPrisonerNumber: r.Previous, PrisonerNumber: r.Number, Half: half}
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

// shown is nil for one that is not there, or not any more.
func (v View) shown(pair domain.Pair, facts *eventstore.Folding, id uuid.UUID) *FullRecord {
	n, there := facts.Find(id)
	if !there || n.Deleted {
		return nil
	}
	whole := v.FullRecord(pair, n)
	return &whole
}

func reasonOf(event domain.Event) (reason, requestedBy *string) {
	switch e := event.(type) {
	case domain.Closed:
		return orNull(e.ClosedReason), nil
	case domain.Reopened:
		return orNull(e.ReopenReason), nil
	case domain.Deleted:
		return orNull(e.DeletionReason), orNull(e.RequestedBy)
	case domain.TransferredIn:
		return orNull(e.Reason), nil
	case domain.TransferredOut:
		return orNull(e.Reason), nil
	case domain.Restored:
		return orNull(e.Reason), nil
	case domain.PrisonerMerged:
		return orNull(e.Reason), nil
	case domain.PrisonerUnmerged:
		return orNull(e.Reason), nil
	case domain.Ignored:
		return orNull(string(e.Reason)), nil
	default:
		return nil, nil
	}
}

func publicPosition(position eventstore.Position) *uint64 {
	if position == (eventstore.Position{}) {
		return nil
	}
	n := position.Uint64()
	return &n
}
