package mirror

import (
	"maps"
	"slices"

	"nonassociations/domain"
)

// Detail is what NOMIS holds under one sequence, read from both mirrors. The embedded
// detail is in canonical form and always has its sequence. Where the mirrors disagree it
// has what keeps the pair apart longer and more strictly. The reason code of a prisoner
// whose row is missing is absent from it, because the other row does not say it.
type Detail struct {
	domain.Detail

	UpdatedBy     string                // of the lower number's row, of the other one if that is missing; empty: not known
	Forwards      *Row                  // of the lower number, as NOMIS gave it; nil: missing
	Backwards     *Row                  // of the higher number; nil: missing
	Missing       domain.PrisonerNumber // whose row is missing; empty: none is
	Disagreements []Disagreement        // in which values two rows differ; empty when one is missing
	NotHoldable   string                // why a row cannot be held here, without texts of NOMIS; empty: it can
}

// Details returns what both mirrors of a pair hold, one detail a sequence, in the order
// of the sequences. rows must be of the pair. It returns a detail for every row, also
// for those that cannot be held here: see NotHoldable.
func Details(pair domain.Pair, rows Rows) []Detail {
	forwards, forwardsTwice := bySequence(rows.Forwards)
	backwards, backwardsTwice := bySequence(rows.Backwards)
	sequences := slices.AppendSeq(slices.Collect(maps.Keys(forwards)), maps.Keys(backwards))
	slices.Sort(sequences)
	var details []Detail
	for _, sequence := range slices.Compact(sequences) {
		d := combine(pair, sequence, forwards[sequence], backwards[sequence])
		if d.NotHoldable == "" && (forwardsTwice[sequence] || backwardsTwice[sequence]) {
			d.NotHoldable = "a mirror has the sequence twice"
		}
		details = append(details, d)
	}
	return details
}

// bySequence returns the first row of each sequence, and the sequences of which there is
// another.
func bySequence(rows []Row) (first map[int]*Row, twice map[int]bool) {
	first, twice = map[int]*Row{}, map[int]bool{}
	for _, row := range rows {
		if first[row.TypeSequence] != nil {
			twice[row.TypeSequence] = true
			continue
		}
		first[row.TypeSequence] = &row
	}
	return first, twice
}

// combine reads the rows of one sequence. One of them may be nil.
func combine(pair domain.Pair, sequence int, forwards, backwards *Row) Detail {
	numbers := pair.Numbers()
	d := Detail{Forwards: forwards, Backwards: backwards}
	var read []values
	for i, row := range []*Row{forwards, backwards} {
		if row == nil {
			d.Missing = numbers[i]
			continue
		}
		read = append(read, valuesOf(numbers[i], *row))
	}
	whole := read[0] // the text and the updater are those of the lower number's row
	d.UpdatedBy, d.NotHoldable = whole.updatedBy, whole.notHoldable
	for _, other := range read[1:] {
		d.Disagreements = whole.differences(other)
		d.NotHoldable = firstOf(d.NotHoldable, other.notHoldable)
		whole = whole.merge(other)
	}
	d.Detail = whole.detail(sequence)
	return d
}

// Whole returns the detail with its texts as NOMIS holds them: not cut to the UTF-16
// units to which ours are cut for NOMIS. What is taken over is this. Line ends and
// trailing blanks are canonical in it too.
func (d Detail) Whole() domain.Detail {
	whole, row := d.Detail, d.Forwards
	if row == nil {
		row = d.Backwards
	}
	if row != nil {
		whole.AuthorisedBy, whole.Comment = canonicalText(row.AuthorisedBy), canonicalText(row.Comment)
	}
	return whole
}

// Disagrees reports whether a mirror lacks the row, or both have it and their rows differ
// in more than the reason code.
func (d Detail) Disagrees() bool { return d.Missing != "" || len(d.Disagreements) > 0 }

// BlocksCreate reports whether NOMIS refuses another non-association of the pair because
// of this one: a row of it has no expiry date at all. A date that is read as none here
// does not count.
func (d Detail) BlocksCreate() bool {
	return slices.ContainsFunc(d.rows(), func(row *Row) bool { return row.ExpiryDate == nil })
}

// HasClosedRow reports whether the expiry date of a row, or of both, has come on a day.
// Of a detail that is not closed it means that one half is.
func (d Detail) HasClosedRow(today string) bool {
	return slices.ContainsFunc(d.rows(), func(row *Row) bool {
		expiry, _ := canonicalExpiry(row.ExpiryDate)
		return expiry != nil && *expiry <= today
	})
}

// rows are those that are not missing.
func (d Detail) rows() []*Row {
	return slices.DeleteFunc([]*Row{d.Forwards, d.Backwards}, func(row *Row) bool { return row == nil })
}

func firstOf(one, other string) string {
	if one != "" {
		return one
	}
	return other
}
