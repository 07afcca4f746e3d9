package domain

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
)

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

// lastExpiry is the last day that NOMIS keeps as an expiry date. It reads a later one as
// none.
const lastExpiry = "2999-01-01"

// Detail returns the record in canonical form. shortened reports whether a text was cut
// because NOMIS cannot hold the whole.
func (n NonAssociation) Detail() (_ Detail, shortened bool) {
	d := Detail{
		EffectiveDate: n.EffectiveDate.Date(), TypeCode: n.TypeCode,
		ReasonCodes: make(map[PrisonerNumber]ReasonCode, len(n.Sides)),
	}
	for number, side := range n.Sides {
		d.ReasonCodes[number] = side.ReasonCode
	}
	if n.ExpiryDate != nil {
		d.ExpiryDate = CanonicalExpiry(n.ExpiryDate.Date())
	}
	if n.TypeSequence != 0 {
		d.TypeSequence = &n.TypeSequence
	}
	var cut [2]bool
	d.AuthorisedBy, cut[0] = CanonicalText(n.AuthorisedBy, MaxAuthorisedBy)
	d.Comment, cut[1] = CanonicalText(n.Comment, MaxComment)
	return d, cut[0] || cut[1]
}

// Detail returns what NOMIS sent in canonical form.
func (i Item) Detail(pair Pair) Detail {
	d, _ := NonAssociation{TypeSequence: i.TypeSequence, Details: i.details(pair)}.Detail()
	return d
}

// CanonicalExpiry returns an expiry day, or nil for a day that NOMIS reads as none.
func CanonicalExpiry(day string) *string {
	if day > lastExpiry {
		return nil
	}
	return &day
}

// CanonicalText returns a text with line feeds for CRLF and without trailing blanks, cut
// to at most so many UTF-16 units at the last whole character. A text of blanks is nil.
// cut reports whether characters other than trailing blanks were left out.
func CanonicalText(text *string, units int) (_ *string, cut bool) {
	if text == nil {
		return nil, false
	}
	whole := trimmed(strings.ReplaceAll(*text, "\r\n", "\n"))
	kept := trimmed(firstUnits(whole, units))
	if kept == "" {
		return nil, whole != ""
	}
	return &kept, kept != whole
}

func trimmed(text string) string { return strings.TrimRightFunc(text, unicode.IsSpace) }

// firstUnits returns the longest beginning of a text that has at most so many UTF-16
// units.
func firstUnits(text string, units int) string {
	for at, r := range text {
		units -= max(1, utf16.RuneLen(r))
		if units < 0 {
			return text[:at]
		}
	}
	return text
}

// Equal reports whether two details are equal in all but the sequence.
func (d Detail) Equal(other Detail) bool {
	return d.EffectiveDate == other.EffectiveDate && d.TypeCode == other.TypeCode &&
		equalText(d.ExpiryDate, other.ExpiryDate) && equalText(d.AuthorisedBy, other.AuthorisedBy) &&
		equalText(d.Comment, other.Comment) && maps.Equal(d.ReasonCodes, other.ReasonCodes)
}

// IsClosed reports whether the expiry date has come on a day.
func (d Detail) IsClosed(today string) bool { return d.ExpiryDate != nil && *d.ExpiryDate <= today }

// DetailField names one value of a [Detail]: a key of its JSON, and for a reason code the
// prisoner, as in "reasonCodes/A9109UD". The values are stored in facts: never
// change one.
type DetailField string

// The values of a Detail that both sides share.
const (
	DetailEffectiveDate DetailField = "effectiveDate"
	DetailExpiryDate    DetailField = "expiryDate"
	DetailTypeCode      DetailField = "typeCode"
	DetailAuthorisedBy  DetailField = "authorisedBy"
	DetailComment       DetailField = "comment"
	detailReasonCodes               = "reasonCodes/"
)

// DetailReasonCode is the reason code of one prisoner.
func DetailReasonCode(of PrisonerNumber) DetailField {
	return DetailField(detailReasonCodes + string(of))
}

// DetailFields returns every value of a detail of a pair, in a fixed order.
func DetailFields(pair Pair) []DetailField {
	return []DetailField{
		DetailReasonCode(pair.low), DetailReasonCode(pair.high), DetailTypeCode, DetailEffectiveDate, DetailExpiryDate,
		DetailAuthorisedBy, DetailComment,
	}
}

// Name returns the key of the value in the JSON of a Detail, and for a reason code the
// prisoner.
func (f DetailField) Name() (name string, of PrisonerNumber) {
	if number, is := strings.CutPrefix(string(f), detailReasonCodes); is {
		return strings.TrimSuffix(detailReasonCodes, "/"), PrisonerNumber(number)
	}
	return string(f), ""
}

// Get returns a value as text, or nil for none.
func (d Detail) Get(f DetailField) *string {
	switch name, of := f.Name(); {
	case of != "":
		return text(d.ReasonCodes[of])
	case name == string(DetailEffectiveDate):
		return &d.EffectiveDate
	case name == string(DetailTypeCode):
		return text(d.TypeCode)
	case name == string(DetailExpiryDate):
		return d.ExpiryDate
	case name == string(DetailAuthorisedBy):
		return d.AuthorisedBy
	case name == string(DetailComment):
		return d.Comment
	}
	return nil
}

// With returns the detail with one value replaced. Nil is no value, which only an expiry
// date and the texts may be. The detail itself is not changed.
func (d Detail) With(f DetailField, to *string) Detail {
	name, of := f.Name()
	switch DetailField(name) {
	case DetailExpiryDate:
		d.ExpiryDate = to
	case DetailAuthorisedBy:
		d.AuthorisedBy = to
	case DetailComment:
		d.Comment = to
	case DetailEffectiveDate:
		d.EffectiveDate = *cmp.Or(to, &d.EffectiveDate)
	case DetailTypeCode:
		d.TypeCode = TypeCode(*cmp.Or(to, text(d.TypeCode)))
	default:
		d.ReasonCodes = maps.Clone(d.ReasonCodes)
		d.ReasonCodes[of] = ReasonCode(*cmp.Or(to, text(d.ReasonCodes[of])))
	}
	return d
}

// Differences returns the values in which two details of a pair differ, in the order of
// [DetailFields].
func (d Detail) Differences(pair Pair, other Detail) []DetailField {
	return slices.DeleteFunc(DetailFields(pair), func(f DetailField) bool { return equalText(d.Get(f), other.Get(f)) })
}
