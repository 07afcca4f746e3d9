package mirror

import (
	"maps"
	"slices"

	"nonassociations/domain"
)

// Disagreement is a value in which the two rows of a sequence differ. Field is a name of
// the JSON of [domain.Detail]. The values are in canonical form, nil for none.
type Disagreement struct {
	Field     string  `json:"field"`
	Forwards  *string `json:"forwards"`
	Backwards *string `json:"backwards"`
}

// strictness lists the type codes from loose to strict.
var strictness = []domain.TypeCode{
	domain.TypeCell, domain.TypeLanding, domain.TypeDoNotExercise, domain.TypeWing, domain.TypeTotal,
}

// values is a row in canonical form, with its texts uncut. What cannot be held is named
// by notHoldable: the code is then as it was sent, and the day is empty.
type values struct {
	codes         map[domain.PrisonerNumber]domain.ReasonCode
	typeCode      domain.TypeCode
	effectiveDate string
	expiryDate    *string
	authorisedBy  *string
	comment       *string
	updatedBy     string
	notHoldable   string
}

// valuesOf reads the row of a prisoner. The reason code is that of the row's own
// prisoner: NOMIS repeats recipReason of the newest occurrence for all older ones.
func valuesOf(of domain.PrisonerNumber, row Row) values {
	v := values{
		codes:    map[domain.PrisonerNumber]domain.ReasonCode{of: domain.ReasonCode(row.Reason)},
		typeCode: domain.TypeCode(row.Type), authorisedBy: canonicalText(row.AuthorisedBy), comment: canonicalText(row.Comment),
		updatedBy: row.UpdatedBy,
	}
	var expiryIsDay bool
	v.expiryDate, expiryIsDay = canonicalExpiry(row.ExpiryDate)
	if isDay(row.EffectiveDate) {
		v.effectiveDate = row.EffectiveDate
	}
	switch {
	case !domain.Contains(domain.ReasonCodes(), domain.ReasonCode(row.Reason)):
		v.notHoldable = "the reason code of " + string(of) + " is not known"
	case !domain.Contains(domain.TypeCodes(), v.typeCode):
		v.notHoldable = "the type code in the row of " + string(of) + " is not known"
	case row.EffectiveDate == "":
		v.notHoldable = "the row of " + string(of) + " has no effective date"
	case v.effectiveDate == "":
		v.notHoldable = "the effective date in the row of " + string(of) + " is not a day"
	case !expiryIsDay:
		v.notHoldable = "the expiry date in the row of " + string(of) + " is not a day"
	case hasNUL(row.AuthorisedBy) || hasNUL(row.Comment):
		v.notHoldable = "a text in the row of " + string(of) + " has the character NUL"
	}
	return v
}

// differences lists in which values but the code two rows differ. v is of the lower
// number.
func (v values) differences(other values) []Disagreement {
	text := func(s string) *string { return &s }
	all := []Disagreement{
		{"typeCode", text(string(v.typeCode)), text(string(other.typeCode))},
		{"effectiveDate", text(v.effectiveDate), text(other.effectiveDate)},
		{"expiryDate", v.expiryDate, other.expiryDate},
		{"authorisedBy", v.authorisedBy, other.authorisedBy},
		{"comment", v.comment, other.comment},
	}
	return slices.DeleteFunc(all, func(d Disagreement) bool { return equal(d.Forwards, d.Backwards) })
}

// merge reads two rows as one. It is closed only if both are, else it has the later
// expiry date, none being the latest; the earlier effective day; the stricter type; and
// the texts of v. A code that is not known is looser than any other.
func (v values) merge(other values) values {
	v.codes = maps.Clone(v.codes)
	maps.Copy(v.codes, other.codes)
	if slices.Index(strictness, other.typeCode) > slices.Index(strictness, v.typeCode) {
		v.typeCode = other.typeCode
	}
	if v.effectiveDate == "" || other.effectiveDate != "" && other.effectiveDate < v.effectiveDate {
		v.effectiveDate = other.effectiveDate
	}
	if v.expiryDate != nil && (other.expiryDate == nil || *other.expiryDate > *v.expiryDate) {
		v.expiryDate = other.expiryDate
	}
	return v
}

// detail returns the values as a detail in canonical form.
func (v values) detail(sequence int) domain.Detail {
	return domain.Detail{
		AuthorisedBy: cut(v.authorisedBy, domain.MaxAuthorisedBy), Comment: cut(v.comment, domain.MaxComment),
		EffectiveDate: v.effectiveDate, ExpiryDate: v.expiryDate,
		ReasonCodes: v.codes, TypeCode: v.typeCode, TypeSequence: &sequence,
	}
}

func equal(one, other *string) bool {
	return one == nil && other == nil || one != nil && other != nil && *one == *other
}
