package domain

import (
	"strconv"

	"github.com/google/uuid"
)

// sequenceOf is the non-association that an event gives a sequence of NOMIS, and
// the sequence; zero when it gives none.
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

// reassignSequence takes the sequence that an event gives one record from the other that
// had it. A deleted record keeps its own: it is how an echo is known until the
// sequence is released.
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

// release is without effect when the record has another sequence by now.
func (n *NonAssociation) release(sequence int) {
	if n.TypeSequence == sequence {
		n.TypeSequence = 0
	}
}
