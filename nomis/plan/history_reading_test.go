package plan_test

import (
	"cmp"
	"slices"

	"nonassociations/domain"
	"nonassociations/internal/dev/nomismodel"
	"nonassociations/nomis/plan"
)

// theirsOf reads the rows of both mirrors as §4.2 of the design says, one detail a
// sequence. It is written apart from the production code on purpose.
func theirsOf(pair domain.Pair, forwards, backwards []nomismodel.Row, today string) []plan.Theirs {
	rows := map[int][2]*nomismodel.Row{}
	for i, mirror := range [][]nomismodel.Row{forwards, backwards} {
		for _, row := range mirror {
			both := rows[row.Sequence]
			both[i] = &row
			rows[row.Sequence] = both
		}
	}
	var all []plan.Theirs
	for _, both := range rows {
		all = append(all, theirsOfRows(pair, both, today))
	}
	slices.SortFunc(all, func(a, b plan.Theirs) int { return *a.Detail.TypeSequence - *b.Detail.TypeSequence })
	return all
}

// theirsOfRows reads one detail. One of its rows may be missing.
func theirsOfRows(pair domain.Pair, both [2]*nomismodel.Row, today string) plan.Theirs {
	first := cmp.Or(both[0], both[1])
	t := plan.Theirs{UpdatedBy: first.UpdatedBy, Detail: detailOf(first), RowMissing: both[0] == nil || both[1] == nil}
	if !t.RowMissing {
		t.OtherUpdatedBy = both[1].UpdatedBy
	}
	t.Detail.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{}
	for i, number := range pair.Numbers() {
		t.Detail.ReasonCodes[number] = ""
		if row := both[i]; row != nil {
			t.Detail.ReasonCodes[number] = domain.ReasonCode(row.Reason)
			t.Open = t.Open || row.IsOpen()
			t.OneRowClosed = t.OneRowClosed || row.IsClosed(today)
			t.Detail = wider(t.Detail, detailOf(row))
		}
	}
	switch {
	case t.RowMissing:
		t.Disagreement = "One row is missing."
	case len(detailOf(both[0]).Differences(pair, detailOf(both[1]))) > 0:
		t.Disagreement = "The rows differ."
	}
	if t.Detail.TypeCode == odd {
		t.NotHoldable = "The type is unknown."
	}
	return t
}

// wider returns what keeps apart longer and more strictly. The texts are those of the
// first.
func wider(d, other domain.Detail) domain.Detail {
	switch {
	case d.ExpiryDate == nil || other.ExpiryDate == nil:
		d.ExpiryDate = nil
	case *other.ExpiryDate > *d.ExpiryDate:
		d.ExpiryDate = other.ExpiryDate
	}
	if other.TypeCode.StricterThan(d.TypeCode) {
		d.TypeCode = other.TypeCode
	}
	d.EffectiveDate = min(d.EffectiveDate, other.EffectiveDate)
	return d
}

// odd is a type that the service cannot hold.
const odd = "ODD"

// detailOf is one row without its code.
func detailOf(r *nomismodel.Row) domain.Detail {
	d := domain.Detail{
		EffectiveDate: r.Effective, ExpiryDate: r.Expiry, TypeCode: domain.TypeCode(r.Type), TypeSequence: &r.Sequence,
		AuthorisedBy: r.AuthorisedBy,
	}
	d.Comment, _ = domain.CanonicalText(r.Comment, domain.MaxComment)
	return d
}
