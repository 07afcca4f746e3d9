package plan

import (
	"fmt"
	"strings"

	"nonassociations/domain"
	"nonassociations/nomis/mirror"
)

// FromMirrors returns what NOMIS holds of a pair on a day, from both of its mirrors.
func FromMirrors(pair domain.Pair, rows mirror.Rows, today string) []Theirs {
	var all []Theirs
	for _, d := range mirror.Details(pair, rows) {
		texts, other := d.Whole(), ""
		if d.Missing == "" {
			other = d.Backwards.UpdatedBy
		}
		all = append(all, Theirs{
			Detail: d.Detail, Texts: &texts, UpdatedBy: d.UpdatedBy, OtherUpdatedBy: other, Open: d.BlocksCreate(), Disagreement: disagreement(d),
			Disagreements: d.Disagreements, RowMissing: d.Missing != "", OneRowClosed: d.HasClosedRow(today), NotHoldable: sentence(d.NotHoldable),
		})
	}
	return all
}

// disagreement says in one sentence how the two rows of a detail differ.
func disagreement(d mirror.Detail) string {
	switch {
	case d.Missing != "":
		return fmt.Sprintf("NOMIS lacks the row of %s of sequence %d.", d.Missing, *d.TypeSequence)
	case len(d.Disagreements) == 0:
		return ""
	}
	fields := make([]string, len(d.Disagreements))
	for i, one := range d.Disagreements {
		fields[i] = one.Field
	}
	return fmt.Sprintf("The two rows of sequence %d differ in %s.", *d.TypeSequence, strings.Join(fields, ", "))
}

// sentence makes a sentence of a reason, or "" of none.
func sentence(reason string) string {
	if reason == "" {
		return ""
	}
	return strings.ToUpper(reason[:1]) + reason[1:] + "."
}
