package shape

import "nonassociations/domain"

// NOMISList is a prisoner's list in the vocabulary of NOMIS: the answer
// of GET /non-associations/{prisonerNumber}. The read model stores its text, so that a
// read copies it (projections/document.go).
type NOMISList struct {
	PrisonerNumber  domain.PrisonerNumber `json:"prisonerNumber"`
	NonAssociations []NOMISItem           `json:"nonAssociations"`
}

// NOMISItem is one item of a prisoner's list in the vocabulary of NOMIS.
type NOMISItem struct {
	ReasonCode             domain.ReasonCode     `json:"reasonCode"`
	TypeCode               domain.TypeCode       `json:"typeCode"`
	EffectiveDate          domain.LocalDateTime  `json:"effectiveDate"`
	ExpiryDate             *domain.LocalDateTime `json:"expiryDate"`
	AuthorisedBy           *string               `json:"authorisedBy"`
	Comments               *string               `json:"comments"`
	PrisonerNonAssociation NOMISSide             `json:"prisonerNonAssociation"`
}

// NOMISSide is the other prisoner with NOMIS's reason code.
type NOMISSide struct {
	PrisonerNumber domain.PrisonerNumber `json:"prisonerNumber"`
	ReasonCode     domain.ReasonCode     `json:"reasonCode"`
}
