package domain

// Detail is a non-association as NOMIS can hold it, in the canonical form in
// which both systems are compared: days, and texts without trailing blanks.
type Detail struct {
	AuthorisedBy  *string                       `json:"authorisedBy"`
	Comment       *string                       `json:"comment"`
	EffectiveDate string                        `json:"effectiveDate"` // 2026-07-05
	ExpiryDate    *string                       `json:"expiryDate"`
	ReasonCodes   map[PrisonerNumber]ReasonCode `json:"reasonCodes"` // one entry a side
	TypeCode      TypeCode                      `json:"typeCode"`
	TypeSequence  *int                          `json:"typeSequence"` // nil: not known
}
