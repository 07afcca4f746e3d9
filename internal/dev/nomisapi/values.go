package nomisapi

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// localTime is the form of a date and time in NOMIS, always London's.
const localTime = "2006-01-02T15:04:05"

// forever is the day after which an expiry that the API is sent means none.
const forever = "2999-01-01"

// The codes of NOMIS's reference data. The API asks only whether a code exists, not
// whether it is active.
var (
	reasons = []string{"BUL", "PER", "RIV", "VIC", "NOT_REL", "UNKNOWN"}
	types   = []string{"CELL", "LAND", "NONEX", "WING", "TNA"}
)

// The names of fields that are looked for by name.
const (
	effectiveDate = "effectiveDate"
	expiryDate    = "expiryDate"
	authorisedBy  = "authorisedBy"
	comment       = "comment"
)

// values are the fields of a body that writes. A nil field is absent or null.
type values struct {
	OffenderNo    *string `json:"offenderNo"`
	NSOffenderNo  *string `json:"nsOffenderNo"`
	Reason        *string `json:"reason"`
	RecipReason   *string `json:"recipReason"`
	Type          *string `json:"type"`
	EffectiveDate *string `json:"effectiveDate"`
	ExpiryDate    *string `json:"expiryDate"`
	AuthorisedBy  *string `json:"authorisedBy"`
	Comment       *string `json:"comment"`
}

// parseValues reads a body. It refuses one that is no JSON object, lacks a required
// field, or has a day of another form.
func parseValues(body []byte, required ...string) (values, error) {
	var v values
	if err := json.Unmarshal(body, &v); err != nil {
		return v, badRequest("JSON parse error: the body cannot be read")
	}
	fields := v.fields()
	for _, name := range required {
		if *fields[name] == nil {
			return v, badRequest("JSON parse error: value failed for JSON property %s due to missing (therefore NULL) value", name)
		}
	}
	for _, name := range []string{effectiveDate, expiryDate} {
		if day := *fields[name]; day != nil {
			if _, err := time.Parse(time.DateOnly, *day); err != nil {
				return v, badRequest("JSON parse error: %s is not a date of the form yyyy-MM-dd", name)
			}
		}
	}
	return v, nil
}

// fields returns the fields by their names in JSON.
func (v *values) fields() map[string]**string {
	return map[string]**string{
		"offenderNo": &v.OffenderNo, "nsOffenderNo": &v.NSOffenderNo, "reason": &v.Reason, "recipReason": &v.RecipReason,
		"type": &v.Type, effectiveDate: &v.EffectiveDate, expiryDate: &v.ExpiryDate,
		authorisedBy: &v.AuthorisedBy, comment: &v.Comment,
	}
}

// checkText refuses a comment that the API refuses, which counts UTF-16 units.
func (v *values) checkText() error {
	if v.Comment != nil && len(utf16.Encode([]rune(*v.Comment))) > 240 {
		return invalid("comment size must be between 0 and 240")
	}
	return nil
}

// checkCodes refuses codes that NOMIS lacks, and an effective date to come.
func (v *values) checkCodes(today string) error {
	switch {
	case !slices.Contains(reasons, *v.Reason):
		return badRequest("Reason with code=%s does not exist", *v.Reason)
	case !slices.Contains(reasons, *v.RecipReason):
		return badRequest("Reciprocal reason with code=%s does not exist", *v.RecipReason)
	case !slices.Contains(types, *v.Type):
		return badRequest("Type with code=%s does not exist", *v.Type)
	case *v.EffectiveDate > today:
		return badRequest("Effective date must not be in the future")
	}
	return nil
}

// mangle changes the texts as a database of another character set with a trigger of its
// own would: capital letters, and what is beyond ASCII lost.
func (v *values) mangle() {
	for _, text := range []**string{&v.AuthorisedBy, &v.Comment} {
		if *text != nil {
			mangled := strings.Map(func(r rune) rune {
				if r > 127 {
					return '¿'
				}
				return r
			}, strings.ToUpper(**text))
			*text = &mangled
		}
	}
}

// apply returns a detail as the values make it, for the prisoner with a reason. Absent
// texts clear; an absent expiry keeps, and one that is far off clears.
func (v *values) apply(d detail, reason string) detail {
	d.Reason, d.Type, d.Effective = reason, *v.Type, *v.EffectiveDate
	d.AuthorisedBy, d.Comment = v.AuthorisedBy, v.Comment
	switch {
	case v.ExpiryDate == nil:
	case *v.ExpiryDate > forever:
		d.Expiry = nil
	default:
		d.Expiry = v.ExpiryDate
	}
	return d
}
