package domain

import (
	"maps"
	"strconv"

	"github.com/google/uuid"
)

// Evolve returns the state of a pair after one more fact. It never refuses, because
// what is in the log has happened. The given state is not changed. A [Folding] is
// faster for many facts of one pair.
func Evolve(s State, f Fact) State {
	folding := Folding{state: s}
	folding.Add(f)
	return folding.state
}

// Fold returns the state of a pair after all of its facts, in the order of its stream.
func Fold(pair Pair, facts []Fact) State {
	folding := NewFolding(State{Pair: pair})
	for _, fact := range facts {
		folding.Add(fact)
	}
	return folding.State()
}

// Add folds the next fact. It never refuses, because what is in the log has happened.
// An event about a record that the pair does not have changes nothing.
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
	case Delivered: // see Exchange
	case PrisonerMerged, PrisonerUnmerged: // of a number's own stream, see Removal
	case PrisonStaged, PrisonAnnounced, InboundEnded, InboundResumed, OutboundEnded, OutboundResumed,
		LegacyEnded, LegacyResumed: // of a stream of their own, see SwitchOver
	case SequenceLearned:
		f.with(e.NonAssociationID, func(n *NonAssociation) { n.TypeSequence = e.TypeSequence })
	case SequenceReleased:
		f.with(e.NonAssociationID, func(n *NonAssociation) { n.release(e.TypeSequence) })
	}
}

// begin adds a new record.
func (f *Folding) begin(fact Fact, n NonAssociation) {
	n.CreatedSource, n.OpenedAt = fact.Meta.Source, fact.Meta.DecidedAt
	n.UpdatedAt, n.UpdatedBy, n.LastEventID = fact.Meta.DecidedAt, fact.Meta.Actor, fact.ID
	if n.ExpiryDate != nil {
		n.ClosedBy = fact.Meta.Actor
	}
	f.push(n)
}

// transferIn folds an arrival. The carried record replaces what is known here, except
// for the sequence: NOMIS numbers the records of each pair on its own.
func (f *Folding) transferIn(fact Fact, e TransferredIn) {
	n := e.NonAssociation
	n.TransferredFrom = &Origin{Pair: e.From, Revision: e.Revision}
	here, _ := f.Find(n.ID)
	n.TypeSequence = here.TypeSequence
	f.removeTransferOut(n.ID)
	f.putRecord(fact, n)
}

// putRecord replaces the record of the same id, or adds it after all others.
func (f *Folding) putRecord(fact Fact, n NonAssociation) {
	n.UpdatedAt, n.UpdatedBy, n.LastEventID = fact.Meta.DecidedAt, fact.Meta.Actor, fact.ID
	if i := f.Index(n.ID); i >= 0 {
		*f.item(i) = n
		return
	}
	f.push(n)
}

// change applies a fact that changes a value which answers show. The actor of the fact
// becomes the author of the change.
func (f *Folding) change(fact Fact, apply func(*NonAssociation)) {
	f.changeBy(fact.Meta.Actor, fact, apply)
}

// changeBy is change for a fact that names its author. A closing may be recorded on
// behalf of another person, and staff search for that name. The actor stays in the
// fact.
func (f *Folding) changeBy(author string, fact Fact, apply func(*NonAssociation)) {
	f.with(fact.Event.About(), func(n *NonAssociation) {
		apply(n)
		n.UpdatedAt, n.UpdatedBy, n.LastEventID = fact.Meta.DecidedAt, author, fact.ID
	})
}

// with changes a record in place. It does nothing when the pair does not have the
// record.
func (f *Folding) with(id uuid.UUID, apply func(*NonAssociation)) {
	if i := f.Index(id); i >= 0 {
		apply(f.item(i))
	}
}

// amend applies changes. check of Amended has made sure that the values which must
// exist are not nil.
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

// expire sets or removes the expiry date. The actor who sets it counts as the one who
// closed the record. The reason of an earlier closing is removed, because it belonged
// to that closing.
func (n *NonAssociation) expire(actor string, date *string) {
	n.ClosedReason = ""
	if date == nil {
		n.ExpiryDate, n.ClosedBy = nil, ""
		return
	}
	expiry := LocalDateTime(*date)
	n.ExpiryDate, n.ClosedBy = &expiry, actor
}

// setSide changes one side. It copies the map, because other states share it.
func (n *NonAssociation) setSide(of PrisonerNumber, set func(*Side)) {
	sides := maps.Clone(n.Sides)
	side := sides[of]
	set(&side)
	sides[of] = side
	n.Sides = sides
}
