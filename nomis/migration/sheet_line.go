package migration

import (
	"cmp"
	"strings"

	"nonassociations/domain"
	"nonassociations/nomis/mirror"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
)

// heading names the columns of a sheet. What begins with nomis is as NOMIS gives it.
var heading = []string{
	"prisoner", "otherPrisoner", "typeSequence",
	"nomisReason", "nomisOtherReason", "nomisType", "nomisEffectiveDate", "nomisExpiryDate", "nomisAuthorisedBy", "nomisComment", "nomisUpdatedBy",
	"reasonCode", "otherReasonCode", "typeCode", "effectiveDate", "expiryDate", "authorisedBy", "comment",
	"role", "otherRole", "reason", "restriction", "nonAssociationId",
	"outcome", "translated", "leftOut", "why", "signed",
}

// line is one line of a sheet. Only pair, outcome and why are set for a pair that NOMIS
// did not give.
type line struct {
	pair      store.ListedPair
	numbers   [2]domain.PrisonerNumber
	sequence  string
	low, high *mirror.Row // nil: missing
	theirs    plan.Theirs
	ours      *domain.NonAssociation // nil: none
	outcome   string
	reason    domain.IgnoreReason
	why       string
}

// rowOf returns the row of a sequence, nil when there is none.
func rowOf(rows []mirror.Row, sequence int) *mirror.Row {
	for i := range rows {
		if rows[i].TypeSequence == sequence {
			return &rows[i]
		}
	}
	return nil
}

// cells returns the cells of the line. A text that a spreadsheet would take for a formula
// is made a text.
func (l line) cells() []string {
	cells := append([]string{l.pair[0], l.pair[1], l.sequence}, l.nomisCells()...)
	cells = append(cells, l.ourCells()...)
	cells = append(cells, l.outcome, strings.Join(l.translated(), "; "), strings.Join(l.leftOut(), "; "), cmp.Or(l.why, l.whyIgnored()), "")
	for i, cell := range cells {
		cells[i] = asText(cell)
	}
	return cells
}

// asText guards against formulas: what NOMIS's users typed may be one.
func asText(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// nomisCells are the values as NOMIS gives them, of the lower number's row where it has
// one.
func (l line) nomisCells() []string {
	cells, row := make([]string, 8), cmp.Or(l.low, l.high)
	if row == nil {
		return cells
	}
	if l.low != nil {
		cells[0] = l.low.Reason
	}
	if l.high != nil {
		cells[1] = l.high.Reason
	}
	copy(cells[2:], []string{row.Type, row.EffectiveDate, textOf(row.ExpiryDate), textOf(row.AuthorisedBy), textOf(row.Comment), row.UpdatedBy})
	return cells
}

// ourCells are the values that are recorded here, in both vocabularies.
func (l line) ourCells() []string {
	if l.ours == nil {
		return make([]string, 12)
	}
	n, low, high := l.ours, l.ours.Sides[l.numbers[0]], l.ours.Sides[l.numbers[1]]
	expiry := ""
	if n.ExpiryDate != nil {
		expiry = string(*n.ExpiryDate)
	}
	return []string{
		string(low.ReasonCode), string(high.ReasonCode), string(n.TypeCode), string(n.EffectiveDate), expiry, textOf(n.AuthorisedBy), textOf(n.Comment),
		string(low.Role), string(high.Role), string(n.Reason), string(n.Restriction), n.ID.String(),
	}
}

// translated says which words of NOMIS became which words of staff.
func (l line) translated() []string {
	if l.ours == nil {
		return nil
	}
	low, high := l.ours.Sides[l.numbers[0]], l.ours.Sides[l.numbers[1]]
	return []string{
		string(low.ReasonCode) + " of " + string(l.numbers[0]) + " is " + string(low.Role),
		string(high.ReasonCode) + " of " + string(l.numbers[1]) + " is " + string(high.Role),
		string(low.ReasonCode) + " and " + string(high.ReasonCode) + " are " + string(l.ours.Reason),
		string(l.ours.TypeCode) + " is " + string(l.ours.Restriction),
	}
}

// leftOut says which values of NOMIS are not recorded, and why.
func (l line) leftOut() []string {
	var all []string
	if l.theirs.NotHoldable != "" {
		all = append(all, "all of it: "+l.theirs.NotHoldable)
	}
	if l.theirs.Disagreement != "" {
		all = append(all, l.theirs.Disagreement)
	}
	if row := cmp.Or(l.low, l.high); row != nil && row.ExpiryDate != nil && l.theirs.Detail.ExpiryDate == nil {
		all = append(all, "expiryDate "+*row.ExpiryDate+": so late a day means none")
	}
	for _, sides := range [][2]*mirror.Row{{l.low, l.high}, {l.high, l.low}} {
		if of, other := sides[0], sides[1]; of != nil && other != nil && of.RecipReason != "" && of.RecipReason != other.Reason {
			all = append(all, "recipReason "+of.RecipReason+" of "+of.OffenderNo+": it repeats the pair's newest one")
		}
	}
	if l.ours == nil || l.theirs.Detail.TypeSequence == nil || l.theirs.NotHoldable != "" {
		return all
	}
	ours, _ := l.ours.Detail()
	pair, err := domain.NewPair(l.numbers[0], l.numbers[1])
	if err != nil {
		return all
	}
	for _, f := range ours.Differences(pair, l.theirs.Detail) {
		name, of := f.Name()
		if of != "" {
			name += " of " + string(of)
		}
		all = append(all, name+": the record here has another value")
	}
	return all
}

// whyIgnored says in a sentence why a non-association of NOMIS is not recorded.
func (l line) whyIgnored() string {
	switch l.reason {
	case domain.NotLatest:
		return "Of several that are not closed the latest counts."
	case domain.AnotherNotClosed:
		return "Another one that is not closed counts."
	case domain.NamesDeleted:
		return "It was deleted here."
	case domain.Switched:
		return "NOMIS may change nothing here any more."
	}
	if l.outcome == string(domain.WasIgnored) {
		return "A person left it as it is, or it waits for one."
	}
	return ""
}

// textOf returns a text that may be missing.
func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
