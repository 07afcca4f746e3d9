package domain

import (
	"maps"
	"slices"
	"strconv"
)

// Evolve folds one fact into the state of its pair. It never refuses: what is
// in the log happened. The given state stays as it was.
func Evolve(s State, f Fact) State {
	switch e := f.Event.(type) {
	case Opened:
		return s.begin(f, NonAssociation{
			ID: e.NonAssociationID, NamedFirst: e.PrisonerNumber, TypeSequence: e.TypeSequence, Details: e.Details,
		})
	case Imported:
		return s.begin(f, NonAssociation{
			ID: e.NonAssociationID, NamedFirst: e.PrisonerNumber, TypeSequence: e.TypeSequence, Details: e.Details,
		})
	case Amended:
		return s.change(f, func(n *NonAssociation) { n.amend(f.Meta.Actor, e.Changes) })
	case Closed:
		return s.changeBy(orElse(e.ClosedBy, f.Meta.Actor), f, func(n *NonAssociation) {
			n.ExpiryDate, n.ClosedBy, n.ClosedReason = &e.ClosedAt, e.ClosedBy, e.ClosedReason
		})
	case Reopened:
		return s.changeBy(orElse(e.ReopenedBy, f.Meta.Actor), f, func(n *NonAssociation) {
			n.ExpiryDate, n.ClosedBy, n.ClosedReason = nil, "", ""
		})
	case Deleted:
		return s.change(f, func(n *NonAssociation) { n.Deleted = true })
	case Ignored:
		s.Ignored = append(slices.Clip(s.Ignored), ignoredKey(e))
		return s
	case PrisonerRenumbered:
		if e.NonAssociation == nil {
			return s.leave(e)
		}
		return s.arrive(f, e)
	case SequenceLearned:
		return s.with(e.NonAssociationID, func(n *NonAssociation) { n.TypeSequence = e.TypeSequence })
	}
	return s
}

// Fold evolves the state of a pair from its first fact on.
func Fold(pair Pair, facts []Fact) State {
	s := State{Pair: pair}
	for _, f := range facts {
		s = Evolve(s, f)
	}
	return s
}

func (s State) begin(f Fact, n NonAssociation) State {
	n.Born, n.OpenedAt = f.Meta.Source, f.Meta.DecidedAt
	n.UpdatedAt, n.UpdatedBy, n.LastFact = f.Meta.DecidedAt, f.Meta.Actor, f.ID
	if n.ExpiryDate != nil {
		n.ClosedBy = f.Meta.Actor
	}
	s.Items = append(slices.Clip(s.Items), n)
	return s
}

// change is with, for a fact that changes a value that answers show.
func (s State) change(f Fact, apply func(*NonAssociation)) State {
	return s.changeBy(f.Meta.Actor, f, apply)
}

// changeBy is change, for a fact that says who did it: a closing may be
// recorded on behalf of somebody else, and staff look for that name. Who
// recorded it stays in the fact.
func (s State) changeBy(who string, f Fact, apply func(*NonAssociation)) State {
	return s.with(f.Event.Concerns(), func(n *NonAssociation) {
		apply(n)
		n.UpdatedAt, n.UpdatedBy, n.LastFact = f.Meta.DecidedAt, who, f.ID
	})
}

func (s State) with(id [16]byte, apply func(*NonAssociation)) State {
	i := s.Find(id)
	if i < 0 {
		return s
	}
	s.Items = slices.Clone(s.Items)
	apply(&s.Items[i])
	return s
}

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

// expire sets or takes away the expiry. Who set it closed it; a reason that
// staff gave goes with the closing it belonged to.
func (n *NonAssociation) expire(actor string, date *string) {
	n.ClosedReason = ""
	if date == nil {
		n.ExpiryDate, n.ClosedBy = nil, ""
		return
	}
	expiry := LocalDateTime(*date)
	n.ExpiryDate, n.ClosedBy = &expiry, actor
}

func (n *NonAssociation) setSide(of PrisonerNumber, set func(*Side)) {
	sides := maps.Clone(n.Sides)
	side := sides[of]
	set(&side)
	sides[of] = side
	n.Sides = sides
}
