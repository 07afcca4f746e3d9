package audit

import (
	"github.com/google/uuid"

	"nonassociations/domain"
)

// InNOMIS is what NOMIS holds under one sequence, as a caller has read it from both of its
// mirrors. Detail has its sequence, and no code of a prisoner whose row is missing.
type InNOMIS struct {
	Detail        domain.Detail
	Disagreements []Disagreement
	Missing       domain.PrisonerNumber // whose row is missing; empty: none is
	NotHoldable   string                // why the service cannot hold a row of it; empty: it can
}

// Disagreement is a field in which the two rows of a sequence differ. Forwards is the value
// in the row of the lower number; nil is none.
type Disagreement struct {
	Field               domain.DetailField
	Forwards, Backwards *string
}

// Bucket is the kind of a difference. The values are those of a reconciliation and part of
// answers: never change one.
type Bucket string

// The kinds of differences.
const (
	Differs         Bucket = "differs"
	OnlyHere        Bucket = "onlyHere"  // the log says that NOMIS holds it, and NOMIS does not
	OnlyThere       Bucket = "onlyThere" // NOMIS holds it, and the log does not say so
	MirrorsDisagree Bucket = "mirrorsDisagree"
	NotHoldable     Bucket = "notHoldable"
)

// FieldTypeSequence is the field of a [MappingDifference] in the sequence itself.
const FieldTypeSequence domain.DetailField = "typeSequence"

// MappingDifference is one field in which the log and NOMIS differ. Its JSON is what
// operators' scripts read.
type MappingDifference struct {
	Pair             [2]domain.PrisonerNumber `json:"pair"`
	TypeSequence     *int                     `json:"typeSequence"`     // of the log, else of NOMIS; nil: not known
	NonAssociationID *uuid.UUID               `json:"nonAssociationId"` // nil: the log has none for it
	Bucket           Bucket                   `json:"bucket"`
	Field            string                   `json:"field"` // "" of NotHoldable
	PrisonerNumber   domain.PrisonerNumber    `json:"prisonerNumber,omitempty"`
	// Ours is what the log says that NOMIS holds. Theirs is what NOMIS holds; of rows that
	// disagree it is that of the lower number, and Backwards that of the higher one. Nil is none.
	Ours      *string `json:"ours"`
	Theirs    *string `json:"theirs"`
	Backwards *string `json:"backwards,omitempty"`
	Why       string  `json:"why,omitempty"`
}
