package domain

// Detail is a non-association in the canonical form in which the service and NOMIS are
// compared: dates without a time, and texts without trailing blanks. The two systems
// store more detail than they can exchange, so only this part can be equal.
type Detail struct {
	AuthorisedBy  *string                       `json:"authorisedBy"`
	Comment       *string                       `json:"comment"`
	EffectiveDate string                        `json:"effectiveDate"` // 2026-07-05
	ExpiryDate    *string                       `json:"expiryDate"`
	ReasonCodes   map[PrisonerNumber]ReasonCode `json:"reasonCodes"` // one entry a side
	TypeCode      TypeCode                      `json:"typeCode"`
	TypeSequence  *int                          `json:"typeSequence"` // nil: not known
}
