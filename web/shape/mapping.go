package shape

import (
	"github.com/google/uuid"

	"nonassociations/domain"
)

// Mapping says by which sequence NOMIS knows a non-association. Its keys are those of
// NOMIS's mapping service. The smaller number is always the first.
type Mapping struct {
	NonAssociationID  uuid.UUID             `json:"nonAssociationId"`
	FirstOffenderNo   domain.PrisonerNumber `json:"firstOffenderNo"`
	SecondOffenderNo  domain.PrisonerNumber `json:"secondOffenderNo"`
	NOMISTypeSequence int                   `json:"nomisTypeSequence"`
	Label             string                `json:"label,omitempty"` // of the migration
	MappingType       domain.MappingType    `json:"mappingType"`
	WhenCreated       domain.LocalDateTime  `json:"whenCreated,omitempty"`
}

// NewMapping returns the mapping of a record in a pair.
func NewMapping(id uuid.UUID, pair domain.Pair, sequence int, kind domain.MappingType) Mapping {
	numbers := pair.Numbers()
	return Mapping{
		NonAssociationID: id, FirstOffenderNo: numbers[0], SecondOffenderNo: numbers[1], NOMISTypeSequence: sequence, MappingType: kind,
	}
}

// MappingConflict has the mapping that holds, and the one that was asked for beside it.
type MappingConflict struct {
	Existing  Mapping `json:"existing"`
	Duplicate Mapping `json:"duplicate"`
}

// MappingPeriod is a time in which NOMIS knew a non-association by a sequence, in RFC
// 3339. Until is null while it does.
type MappingPeriod struct {
	TypeSequence int     `json:"typeSequence"`
	Since        string  `json:"since"`
	Until        *string `json:"until"`
}
