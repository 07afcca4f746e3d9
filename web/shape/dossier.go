package shape

import (
	"github.com/google/uuid"

	"nonassociations/domain"
)

// Dossier is all that is known of a pair and NOMIS.
type Dossier struct {
	Pair    []domain.PrisonerNumber `json:"pair"` // the smaller number first
	Ours    []DossierRecord         `json:"ours"` // never null
	Theirs  DossierTheirs           `json:"theirs"`
	Mapping []DossierMapping        `json:"mapping"` // never null
	Plan    *DossierPlan            `json:"plan"`    // null when NOMIS could not be read
	// Differences are the open and the accepted ones; never null.
	Differences []Difference `json:"differences"`
}

// DossierRecord is a record of the pair in the form in which it is compared with NOMIS.
type DossierRecord struct {
	domain.Detail

	NonAssociationID uuid.UUID   `json:"nonAssociationId"`
	State            RecordState `json:"state"`
	Delivery         Delivery    `json:"delivery"`
}

// RecordState is what has become of a record.
type RecordState string

// The states of a record.
const (
	RecordOpen    RecordState = "OPEN"
	RecordClosed  RecordState = "CLOSED"
	RecordDeleted RecordState = "DELETED"
)

// DossierTheirs are the rows of both prisoners in NOMIS, which are absent when NOMIS could
// not be read. Why then says why; otherwise it is given when NOMIS does not know one of
// the two.
type DossierTheirs struct {
	Read      bool       `json:"read"`
	Why       string     `json:"why,omitzero"`
	Forwards  []NOMISRow `json:"forwards,omitzero"`  // of the smaller number
	Backwards []NOMISRow `json:"backwards,omitzero"` // of the other one
}

// NOMISRow is a row as NOMIS's own API gives it. What it leaves out is absent.
type NOMISRow struct {
	OffenderNo    string  `json:"offenderNo"`
	NSOffenderNo  string  `json:"nsOffenderNo"`
	TypeSequence  int     `json:"typeSequence"`
	Reason        string  `json:"reason"` // of the prisoner of the row
	RecipReason   string  `json:"recipReason,omitzero"`
	Type          string  `json:"type"`
	AuthorisedBy  *string `json:"authorisedBy,omitzero"`
	UpdatedBy     string  `json:"updatedBy,omitzero"`
	EffectiveDate string  `json:"effectiveDate"`
	ExpiryDate    *string `json:"expiryDate,omitzero"`
	Comment       *string `json:"comment,omitzero"`
}

// DossierMapping is a time in which NOMIS knew a record by a sequence, in RFC 3339. Until
// is null while it does.
type DossierMapping struct {
	NonAssociationID uuid.UUID `json:"nonAssociationId"`
	MappingPeriod
}

// DossierPlan is what the next turn does first, with what it would do then, and what no
// step may solve. The lists are never null.
type DossierPlan struct {
	Steps    []Step        `json:"steps"`
	Problems []PlanProblem `json:"problems"`
}

// PlanProblem is a difference that no step may solve.
type PlanProblem struct {
	Problem          string     `json:"problem"`
	NonAssociationID *uuid.UUID `json:"nonAssociationId"` // null: only NOMIS has it
	TypeSequence     *int       `json:"typeSequence"`     // null: NOMIS does not have it
	Why              string     `json:"why"`
}

// Synchronised is what a turn did, or would do, and the dossier after it.
type Synchronised struct {
	Steps   []Step  `json:"steps"` // never null
	Dossier Dossier `json:"dossier"`
}
