package demo

import (
	"slices"

	"nonassociations/internal/dev/nomisapi"
)

// difference is one way in which NOMIS's view of a pair differs.
type difference struct {
	bucket, what string // of its planting
	// plant changes the records of a pair, the last of which is not to come.
	plant func(records []nomisapi.Record) []nomisapi.Record
}

// differences are all kinds that are planted in the records of NOMIS.
var differences = []difference{
	{"differs", "another type", last(func(r *nomisapi.Record) { r.Type = otherThan(r.Type, "CELL", "TNA") })},
	{"differs", "another effective date", last(func(r *nomisapi.Record) { r.EffectiveDate = "2008-11-30" })},
	{"differs", "another expiry date", last(func(r *nomisapi.Record) { r.ExpiryDate = otherEnd(r.ExpiryDate) })},
	{"differs", "authorised by another", last(func(r *nomisapi.Record) { r.AuthorisedBy = new("Trumandurk Plobik") })},
	{"differs", "another comment", last(func(r *nomisapi.Record) { r.Comment = new("Changed at a screen of NOMIS.") })},
	{"differs", "another reason of the first prisoner", last(func(r *nomisapi.Record) { r.Reason = otherThan(r.Reason, "BUL", "RIV") })},
	{"differs", "another reason of the second prisoner", last(func(r *nomisapi.Record) { r.RecipReason = otherThan(r.RecipReason, "BUL", "RIV") })},
	{"onlyHere", "NOMIS lost the newest", func(records []nomisapi.Record) []nomisapi.Record { return records[:len(records)-1] }},
	{"onlyThere", "NOMIS has one more, long closed", func(records []nomisapi.Record) []nomisapi.Record {
		more := records[0]
		more.TypeSequence = len(records) + 1
		more.EffectiveDate, more.ExpiryDate = "2007-03-01", new("2008-03-01")
		return append(records, more)
	}},
	{"mirrorsDisagree", "a mirror lacks the row", last(func(r *nomisapi.Record) { r.Opposite = "missing" })},
	{"mirrorsDisagree", "only one half is closed", last(func(r *nomisapi.Record) { r.Opposite = otherHalf(r.ExpiryDate) })},
}

// last returns a function that changes the last record of a pair.
func last(change func(*nomisapi.Record)) func([]nomisapi.Record) []nomisapi.Record {
	return func(records []nomisapi.Record) []nomisapi.Record {
		changed := slices.Clone(records)
		change(&changed[len(changed)-1])
		return changed
	}
}

// otherThan returns one of two codes that a value is not.
func otherThan(value, one, other string) string {
	if value == one {
		return other
	}
	return one
}

// otherEnd closes what is open, and opens what has or will have an end.
func otherEnd(end *string) *string {
	if end == nil {
		return new("2025-06-30")
	}
	return nil
}

// otherHalf returns what the row of the other prisoner says of an end.
func otherHalf(end *string) string {
	if end == nil {
		return "closed"
	}
	return "open"
}
