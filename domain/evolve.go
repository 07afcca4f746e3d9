package domain

import (
	"maps"
	"strconv"

	"github.com/google/uuid"
)

// Evolve folds one fact into the state of its pair. It never refuses: what is
// in the log happened. The given state stays as it was. To fold many facts of
// one pair, use a [Folding].
func Evolve(s State, f Fact) State {
	folding := Folding{state: s}
	folding.Add(f)
	return folding.state
}

// Fold evolves the state of a pair from its first fact on.
func Fold(pair Pair, facts []Fact) State {
	folding := NewFolding(State{Pair: pair})
	for _, fact := range facts {
		folding.Add(fact)
	}
	return folding.State()
}

// Add folds one fact in place. It never refuses: what is in the log happened.
func (f *Folding) Add(fact Fact) {
	f.reassignSequence(fact.Event)
	switch e := fact.Event.(type) {
	case Opened:
		f.begin(fact, NonAssociation{
			ID: e.NonAssociationID, FirstPrisoner: e.PrisonerNumber, TypeSequence: e.TypeSequence, Details: e.Details,
		})
	case Imported:
		f.begin(fact, NonAssociation{
			ID: e.NonAssociationID, FirstPrisoner: e.PrisonerNumber, TypeSequence: e.TypeSequence, Details: e.Details,
		})
	case Amended:
		f.change(fact, func(n *NonAssociation) { n.amend(fact.Meta.Actor, e.Changes) })
	case Closed:
		f.changeBy(orElse(e.ClosedBy, fact.Meta.Actor), fact, func(n *NonAssociation) {
			n.ExpiryDate, n.ClosedBy, n.ClosedReason = &e.ClosedAt, e.ClosedBy, e.ClosedReason
		})
	case Reopened:
		f.changeBy(orElse(e.ReopenedBy, fact.Meta.Actor), fact, func(n *NonAssociation) {
			n.ExpiryDate, n.ClosedBy, n.ClosedReason = nil, "", ""
		})
	case Deleted:
		f.change(fact, func(n *NonAssociation) { n.Deleted = true })
	case Ignored:
		f.ignore(ignoredKey(e))
	case TransferredIn:
		f.transferIn(fact, e)
	case TransferredOut:
		f.remove(e.NonAssociationID)
		f.transferOut(OutgoingTransfer{ID: e.NonAssociationID, Renumbering: e.Renumbering, Via: e.Via, To: e.To})
	case Restored:
		f.putRecord(fact, e.NonAssociation)
	case PrisonerMerged, PrisonerUnmerged: // of a number's own stream, see Removal
	case SequenceLearned:
		f.with(e.NonAssociationID, func(n *NonAssociation) { n.TypeSequence = e.TypeSequence })
	case SequenceReleased:
		f.with(e.NonAssociationID, func(n *NonAssociation) { n.release(e.TypeSequence) })
	}
}

// begin adds a new record with the values that follow from its first fact.
func (f *Folding) begin(fact Fact, n NonAssociation) {
	n.CreatedSource, n.OpenedAt = fact.Meta.Source, fact.Meta.DecidedAt
	n.UpdatedAt, n.UpdatedBy, n.LastEventID = fact.Meta.DecidedAt, fact.Meta.Actor, fact.ID
	if n.ExpiryDate != nil {
		n.ClosedBy = fact.Meta.Actor
	}
	f.push(n)
}

// transferIn folds an arrival: what is carried is what is known from now on,
// but for the sequence, which NOMIS gives in each pair anew.
func (f *Folding) transferIn(fact Fact, e TransferredIn) {
	n := e.NonAssociation
	n.TransferredFrom = &Origin{Pair: e.From, Revision: e.Revision}
	here, _ := f.Find(n.ID)
	n.TypeSequence = here.TypeSequence
	f.removeTransferOut(n.ID)
	f.putRecord(fact, n)
}

// putRecord puts a whole record where it stands, else behind the others.
func (f *Folding) putRecord(fact Fact, n NonAssociation) {
	n.UpdatedAt, n.UpdatedBy, n.LastEventID = fact.Meta.DecidedAt, fact.Meta.Actor, fact.ID
	if i := f.Index(n.ID); i >= 0 {
		*f.item(i) = n
		return
	}
	f.push(n)
}

// change is with, for a fact that changes a value that answers show.
func (f *Folding) change(fact Fact, apply func(*NonAssociation)) {
	f.changeBy(fact.Meta.Actor, fact, apply)
}

// changeBy is change, for a fact that names its author: a closing may be
// recorded on behalf of another person, and staff look for that name. The actor
// who recorded it stays in the fact.
func (f *Folding) changeBy(author string, fact Fact, apply func(*NonAssociation)) {
	f.with(fact.Event.Concerns(), func(n *NonAssociation) {
		apply(n)
		n.UpdatedAt, n.UpdatedBy, n.LastEventID = fact.Meta.DecidedAt, author, fact.ID
	})
}

// with changes one record. A fact about a record that the pair does not have changes
// nothing.
func (f *Folding) with(id uuid.UUID, apply func(*NonAssociation)) {
	if i := f.Index(id); i >= 0 {
		apply(f.item(i))
	}
}

// amend applies changes. A new expiry closes or reopens the record in the name of
// actor.
func (n *NonAssociation) amend(actor string, changes []Change) {
	for _, c := range changes {
		switch c.Field {
		case FieldAuthorisedBy:
			n.AuthorisedBy = c.Now
		case FieldComment:
			n.Comment = c.Now
		case FieldEffectiveDate:
			n.EffectiveDate = LocalDateTime(*c.Now)
		case FieldExpiryDate:
			n.expire(actor, c.Now)
		case FieldReason:
			n.Reason = Reason(*c.Now)
		case FieldReasonCode:
			n.setSide(c.PrisonerNumber, func(s *Side) { s.ReasonCode = ReasonCode(*c.Now) })
		case FieldRestriction:
			n.Restriction = Restriction(*c.Now)
		case FieldRole:
			n.setSide(c.PrisonerNumber, func(s *Side) { s.Role = Role(*c.Now) })
		case FieldTypeCode:
			n.TypeCode = TypeCode(*c.Now)
		case FieldTypeSequence:
			n.TypeSequence, _ = strconv.Atoi(*c.Now)
		}
	}
}

// expire sets or removes the expiry. The author of the expiry is recorded as the
// closer. A reason given by staff belongs to its closing and is removed with it.
func (n *NonAssociation) expire(actor string, date *string) {
	n.ClosedReason = ""
	if date == nil {
		n.ExpiryDate, n.ClosedBy = nil, ""
		return
	}
	expiry := LocalDateTime(*date)
	n.ExpiryDate, n.ClosedBy = &expiry, actor
}

// setSide changes one side in a copy: maps of sides are shared between states.
func (n *NonAssociation) setSide(of PrisonerNumber, set func(*Side)) {
	sides := maps.Clone(n.Sides)
	side := sides[of]
	set(&side)
	sides[of] = side
	n.Sides = sides
}
