package domain

import (
	"bytes"
	"encoding/json"

	"github.com/google/uuid"
)

// MaxItems is the largest number of items of one pair in a command. With it, every
// decision fits into one append.
const MaxItems = 99

// Limits of NOMIS's texts, in Unicode code points.
const (
	MaxComment      = 240
	MaxAuthorisedBy = 60
)

// Precision is how exactly the dates of an [Item] are known. The zero value means to
// the second.
type Precision string

// Day is the precision of callers that know days only. The time of their dates is
// always 00:00:00 and has no meaning.
const Day Precision = "DAY"

// Item is one non-association of a pair as NOMIS sends it. ID and TypeSequence are zero
// when NOMIS did not send them.
type Item struct {
	AuthorisedBy  *string                       `json:"authorisedBy"`
	Comment       *string                       `json:"comment"`
	DatePrecision Precision                     `json:"datePrecision,omitempty"`
	EffectiveDate LocalDateTime                 `json:"effectiveDate"`
	ExpiryDate    *LocalDateTime                `json:"expiryDate"`
	ID            uuid.UUID                     `json:"id,omitzero"`
	ReasonCodes   map[PrisonerNumber]ReasonCode `json:"reasonCodes"` // one entry a side
	TypeCode      TypeCode                      `json:"typeCode"`
	TypeSequence  int                           `json:"typeSequence,omitempty"`
	UpdatedBy     string                        `json:"updatedBy,omitempty"` // the actor of its fact; empty: that of the command
}

// details returns the values of a new record, with the values of staff derived from the
// codes of NOMIS.
func (i Item) details(pair Pair) Details {
	numbers := pair.Numbers()
	sides := make(map[PrisonerNumber]Side, len(numbers))
	for _, n := range numbers {
		sides[n] = Side{ReasonCode: i.ReasonCodes[n], Role: RoleOf(i.ReasonCodes[n])}
	}
	return Details{
		AuthorisedBy: i.AuthorisedBy, Comment: i.Comment,
		EffectiveDate: i.EffectiveDate, ExpiryDate: i.ExpiryDate,
		Reason:      ReasonOf(i.ReasonCodes[numbers[0]], i.ReasonCodes[numbers[1]]),
		Restriction: RestrictionOf(i.TypeCode), Sides: sides, TypeCode: i.TypeCode,
	}
}

// plainJSON returns deterministic JSON: the order of keys is fixed, no character is
// escaped for HTML, and control characters are escaped. Ids and comparisons of stored
// bytes depend on it. It panics for a value that has no JSON form, which the types of
// this package exclude.
func plainJSON(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic("a value of the domain is not JSON: " + err.Error()) // a bug: values are strings, numbers and maps of them
	}
	return Escaped(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// ignoredKey returns a deterministic id of an ignored item. Equal items with equal
// reasons have equal ids, whatever their UpdatedBy.
func ignoredKey(e Ignored) uuid.UUID {
	item := e.Item
	if item != nil && item.UpdatedBy != "" {
		anonymous := *item
		anonymous.UpdatedBy = ""
		item = &anonymous
	}
	return uuid.NewSHA1(e.NonAssociationID, append([]byte(e.Reason), plainJSON(item)...))
}
