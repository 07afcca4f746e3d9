package domain

import (
	"slices"
	"strconv"

	"github.com/google/uuid"
)

// sequenceOf returns the record to which an event gives a sequence of NOMIS, and the
// sequence. Both are zero when the event gives none.
func sequenceOf(event Event) (uuid.UUID, int) {
	switch e := event.(type) {
	case Opened:
		return e.NonAssociationID, e.TypeSequence
	case Imported:
		return e.NonAssociationID, e.TypeSequence
	case SequenceLearned:
		return e.NonAssociationID, e.TypeSequence
	case Amended:
		for _, c := range e.Changes {
			if c.Field == FieldTypeSequence {
				sequence, _ := strconv.Atoi(*c.Now)
				return e.NonAssociationID, sequence
			}
		}
		return uuid.Nil, 0
	default:
		return uuid.Nil, 0
	}
}

// reassignSequence removes the sequence that an event gives to one record from the
// other record that has it, because NOMIS has one detail a sequence. A deleted record
// keeps its own: it identifies an item about the deleted record until the sequence is
// released.
func (f *Folding) reassignSequence(event Event) {
	id, sequence := sequenceOf(event)
	if sequence == 0 {
		return
	}
	for i := range f.state.Items {
		if n := &f.state.Items[i]; n.TypeSequence == sequence && n.ID != id && !n.Deleted {
			f.item(i).TypeSequence = 0
		}
	}
}

// release removes the sequence, unless the record has another one by now.
func (n *NonAssociation) release(sequence int) {
	if n.TypeSequence == sequence {
		n.TypeSequence = 0
	}
}

// mappedTo returns the record that NOMIS knows by a sequence. A deleted record keeps
// its sequence when a later one takes it, so the later one counts.
func (s State) mappedTo(sequence int) (NonAssociation, bool) {
	var found *NonAssociation
	for i, n := range slices.Backward(s.Items) {
		if n.TypeSequence == sequence && (found == nil || !n.Deleted) {
			found = &s.Items[i]
		}
	}
	if found == nil {
		return NonAssociation{}, false
	}
	return *found, true
}

// isMapped reports whether NOMIS knows the record by its sequence.
func (s State) isMapped(n NonAssociation) bool {
	holder, mapped := s.mappedTo(n.TypeSequence)
	return n.TypeSequence != 0 && mapped && holder.ID == n.ID
}
