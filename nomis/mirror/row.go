// Package mirror has what NOMIS holds of a pair of prisoners. NOMIS stores each
// non-association twice, as a row of either prisoner. The two lists of rows are mirrors
// of each other while NOMIS is in order. The package is pure: it does no I/O.
package mirror

// Row is one row as the NOMIS Prisoner API gives it: a non-association as recorded of
// one of its two prisoners. Days are 2006-01-02. Codes are as NOMIS sent them and may
// be unknown here. Absent texts and days are nil.
type Row struct {
	OffenderNo    string  `json:"offenderNo"`
	NSOffenderNo  string  `json:"nsOffenderNo"`
	TypeSequence  int     `json:"typeSequence"`
	Reason        string  `json:"reason"` // of the prisoner of the row
	RecipReason   string  `json:"recipReason,omitempty"`
	Type          string  `json:"type"`
	AuthorisedBy  *string `json:"authorisedBy,omitempty"`
	UpdatedBy     string  `json:"updatedBy,omitempty"` // the last one to change the row; empty: not known
	EffectiveDate string  `json:"effectiveDate"`
	ExpiryDate    *string `json:"expiryDate,omitempty"`
	Comment       *string `json:"comment,omitempty"`
}

// Rows are both mirrors of a pair, each in the order of NOMIS. Either may be empty.
type Rows struct {
	Forwards  []Row `json:"forwards"`  // of the lower number
	Backwards []Row `json:"backwards"` // of the higher number
}
