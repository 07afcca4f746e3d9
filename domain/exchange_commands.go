package domain

import (
	"cmp"
	"time"

	"github.com/google/uuid"
)

// LearnSequence records the sequence by which NOMIS knows a record. It takes the
// sequence from any other record of the pair, and replaces the one that the record has.
// With Pair it does neither: a record of another pair is refused with [CodeInvalid], and
// what is mapped otherwise with [CodeMapped].
type LearnSequence struct {
	ID           uuid.UUID `json:"id"`
	Pair         Pair      `json:"pair,omitzero"`
	TypeSequence int       `json:"typeSequence"`
}

// ReleaseSequence records that NOMIS no longer has the detail of a sequence. Without
// TypeSequence it releases the one that the record has. With Delete it deletes the
// record too, because the staff of NOMIS deleted the detail. With Unmapped it also counts
// for a deleted record without a sequence: NOMIS was compared, and does not hold it.
type ReleaseSequence struct {
	Delete       bool      `json:"delete,omitempty"`
	ID           uuid.UUID `json:"id"`
	TypeSequence int       `json:"typeSequence"`
	Unmapped     bool      `json:"unmapped,omitempty"`
}

// Deliver records what NOMIS holds of a record, as read back, and under which sequence.
// Revision is that of the stream as of which NOMIS was sent the record. Held are the
// fields in which NOMIS was left with its own values.
type Deliver struct {
	Detail       Detail        `json:"detail"`
	Held         []DetailField `json:"held,omitempty"`
	ID           uuid.UUID     `json:"id"`
	Revision     uint64        `json:"revision"`
	TypeSequence int           `json:"typeSequence"`
}

func (LearnSequence) command()   {}
func (ReleaseSequence) command() {}
func (Deliver) command()         {}

// decideLearnSequence records a sequence that the record does not have yet.
func decideLearnSequence(s State, c LearnSequence, now time.Time) (Decision, error) {
	n, is := s.Item(c.ID)
	if !is {
		return Decision{}, s.transferredOut(c.ID)
	}
	if err := c.refusal(s, n); err != nil {
		return Decision{}, err
	}
	d := Decision{OccurredAt: now, Outcomes: []Outcome{{NonAssociationID: c.ID}}}
	if n.TypeSequence != c.TypeSequence {
		d.Events = append(d.Events, SequenceLearned{NonAssociationID: c.ID, TypeSequence: c.TypeSequence})
	}
	return d, nil
}

// refusal refuses a mapping that contradicts the record, where the command says so.
func (c LearnSequence) refusal(s State, n NonAssociation) error {
	if c.Pair == (Pair{}) {
		return nil
	}
	if c.Pair != s.Pair {
		return Refusal{Code: CodeInvalid, Field: "firstOffenderNo", Message: "with secondOffenderNo must be the pair of the non-association"}
	}
	holder, mapped := s.mappedTo(c.TypeSequence)
	switch {
	case mapped && holder.ID != n.ID:
	case !mapped && s.isMapped(n):
		holder = n
	default:
		return nil
	}
	return Refusal{Code: CodeMapped, Message: "Non-association mapping already exists", Current: &holder}
}

// decideReleaseSequence releases a sequence that the record has, or 0 of a deleted record
// that has none.
func decideReleaseSequence(s State, c ReleaseSequence, now time.Time, by Cause) (Decision, error) {
	n, is := s.Item(c.ID)
	if !is {
		return Decision{}, s.transferredOut(c.ID)
	}
	d := Decision{OccurredAt: now, Outcomes: []Outcome{{NonAssociationID: c.ID}}}
	c.TypeSequence = cmp.Or(c.TypeSequence, n.TypeSequence)
	if c.Delete && !n.Deleted {
		d.Events = append(d.Events, Deleted{NonAssociationID: c.ID, RequestedBy: by.Actor})
	}
	has := n.TypeSequence != 0 || c.Unmapped && n.Deleted
	if has && n.TypeSequence == c.TypeSequence {
		d.Events = append(d.Events, SequenceReleased{NonAssociationID: c.ID, TypeSequence: c.TypeSequence})
	}
	return d, nil
}

// decideDeliver records a delivery, and the sequence when it is new.
func decideDeliver(s State, c Deliver, now time.Time) (Decision, error) {
	d, err := decideLearnSequence(s, LearnSequence{ID: c.ID, TypeSequence: c.TypeSequence}, now)
	if err != nil {
		return Decision{}, err
	}
	d.Events = append(d.Events, Delivered{
		NonAssociationID: c.ID, TypeSequence: c.TypeSequence, Revision: c.Revision, Detail: c.Detail, Held: c.Held,
	})
	return d, nil
}
