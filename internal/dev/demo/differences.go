package demo

import (
	"slices"

	"nonassociations/internal/dev/nomisapi"
)

// The buckets of a reconciliation in which something is planted.
const (
	same            = "same"
	differs         = "differs"
	onlyHere        = "onlyHere"
	onlyThere       = "onlyThere"
	mirrorsDisagree = "mirrorsDisagree"
	held            = "held"
	ignored         = "ignored"
)

// The outcomes of a pair in a migration that are planted.
const (
	created   = "created"
	amended   = "amended"
	unchanged = "unchanged"
)

// difference is one way in which NOMIS's view of a pair differs.
type difference struct {
	bucket, outcome, what string // of its planting
	// plant changes the records of a pair, the last of which is not to come.
	plant func(records []nomisapi.Record) []nomisapi.Record
}

// differences are all kinds that are planted in the records of NOMIS.
var differences = []difference{
	{differs, amended, "another type", last(func(r *nomisapi.Record) { r.Type = otherThan(r.Type, "CELL", "TNA") })},
	{differs, amended, "another effective date", last(func(r *nomisapi.Record) { r.EffectiveDate = "2008-11-30" })},
	{differs, amended, "another expiry date", last(func(r *nomisapi.Record) { r.ExpiryDate = otherEnd(r.ExpiryDate) })},
	{differs, amended, "authorised by another", last(func(r *nomisapi.Record) { r.AuthorisedBy = new("Trumandurk Plobik") })},
	{differs, amended, "another comment", last(func(r *nomisapi.Record) { r.Comment = new("Changed at a screen of NOMIS.") })},
	{differs, amended, "another reason of the first prisoner", last(func(r *nomisapi.Record) { r.Reason = otherThan(r.Reason, "BUL", "RIV") })},
	{differs, amended, "another reason of the second prisoner", last(func(r *nomisapi.Record) { r.RecipReason = otherThan(r.RecipReason, "BUL", "RIV") })},
	{onlyHere, unchanged, "NOMIS lost the newest", func(records []nomisapi.Record) []nomisapi.Record { return records[:len(records)-1] }},
	{onlyThere, created, "NOMIS has one more, long closed", func(records []nomisapi.Record) []nomisapi.Record {
		more := records[0]
		more.TypeSequence = len(records) + 1
		more.EffectiveDate, more.ExpiryDate = "2007-03-01", new("2008-03-01")
		return append(records, more)
	}},
	{mirrorsDisagree, unchanged, "a mirror lacks the row", last(func(r *nomisapi.Record) { r.Opposite = "missing" })},
	{mirrorsDisagree, unchanged, "its halves end on different days", last(func(r *nomisapi.Record) { r.Opposite = "closed" })},
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
