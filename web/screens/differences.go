package screens

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/reconcile"
	"nonassociations/web/screens/govuk"
)

// DifferencesPage lists what differs from NOMIS.
type DifferencesPage struct {
	None       string // in place of the list
	Refresh    refreshing
	Tabs       govuk.SubNavigation
	Count      string
	Table      *govuk.Table
	Pagination *govuk.Pagination
}

// DifferencePage is one difference, with both sides of it.
type DifferencePage struct {
	Refresh refreshing
	Details govuk.SummaryList
	Sides   *govuk.Table
	Plan    planWords
	Acts    []govuk.Button
	PairRef govuk.Link
}

var differencesPage = page{operationsPath + "/differences", "Differences"}

// differencesSize is how many differences one page of the list has.
const differencesSize = 50

// stateWords are the states of a difference in words.
var stateWords = map[reconcile.State]string{"OPEN": "Open", "ACCEPTED": "Accepted", "HEALED": "Gone by itself", "REPAIRED": "Repaired"}

// differences lists the differences of one state, the oldest first.
func (s *Screens) differences(ctx context.Context, v *visit) (answer, error) {
	if s.operators.Reconcile == nil {
		return s.operatorPage(ctx, v, differencesPage.title, DifferencesPage{None: noNOMIS, Refresh: v.refreshing()}), nil
	}
	query := v.request.URL.Query()
	state := reconcile.State(query.Get("state"))
	if stateWords[state] == "" {
		state = "OPEN"
	}
	number, err := strconv.Atoi(query.Get("page"))
	if err != nil || number < 1 {
		number = 1
	}
	found, total, err := s.operators.Reconcile.Differences(ctx, reconcile.Filter{State: state}, (number-1)*differencesSize, differencesSize)
	if last := (total + differencesSize - 1) / differencesSize; err == nil && number > last && last > 0 {
		number = last
		found, total, err = s.operators.Reconcile.Differences(ctx, reconcile.Filter{State: state}, (number-1)*differencesSize, differencesSize)
	}
	if err != nil {
		return answer{}, unavailable(err, "The differences could not be read.")
	}
	shown := DifferencesPage{
		Refresh: v.refreshing(), Tabs: stateTabs(state), Count: govuk.Count(total, "difference", "differences") + ".", Pagination: pagesOfList(differencesPage.path, string(state), number, total),
	}
	if len(found) > 0 {
		shown.Table = differencesTable(v, found)
	}
	return s.operatorPage(ctx, v, differencesPage.title, shown), nil
}

// stateTabs leads to the differences of each state.
func stateTabs(current reconcile.State) govuk.SubNavigation {
	nav := govuk.SubNavigation{Label: "State"}
	for _, state := range reconcile.States() {
		nav.Tabs = append(nav.Tabs, govuk.SubNavigationLink{
			Text: stateWords[state], Href: differencesPage.path + "?state=" + string(state), Current: state == current,
		})
	}
	return nav
}

// pagesOfList leads to the page before and after; nil for a list of one page.
func pagesOfList(path, state string, number, total int) *govuk.Pagination {
	last := (total + differencesSize - 1) / differencesSize
	if last < 2 {
		return nil
	}
	to := func(n int) string { return path + "?state=" + state + "&page=" + strconv.Itoa(n) }
	pagination := &govuk.Pagination{}
	if number > 1 {
		pagination.Previous = to(number - 1)
	}
	if number < last {
		pagination.Next = to(number + 1)
	}
	return pagination
}

// differencesTable has a line for each difference.
func differencesTable(v *visit, found []reconcile.Difference) *govuk.Table {
	table := &govuk.Table{
		ID: "differences", Caption: "Differences", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{{Text: "Pair"}, {Text: "What"}, {Text: "Problem"}, {Text: "Cause"}, {Text: "First seen"}, {Text: "Actions", Hidden: true}},
	}
	for _, d := range found {
		table.Rows = append(table.Rows, govuk.Row{ID: d.ID.String(), Cells: []govuk.Cell{
			{Text: pairWords(d.Pair)},
			{Text: bucketWords[d.Bucket]},
			{Text: orText(d.Problem, "none")},
			{Text: d.Cause},
			{Text: govuk.ShortDate(d.FirstSeen.In(v.now.Location()))},
			{Link: &govuk.Link{Text: "View details", Hidden: " of " + pairWords(d.Pair) + amongPair(d), Href: differencesPage.path + "/" + d.ID.String()}},
		}})
	}
	return table
}

// amongPair tells the differences of one pair apart.
func amongPair(d reconcile.Difference) string {
	switch {
	case d.TypeSequence != 0:
		return ", sequence " + strconv.Itoa(d.TypeSequence)
	case d.NonAssociationID != uuid.Nil:
		return ", record " + d.NonAssociationID.String()
	}
	return ""
}

// difference shows one difference.
func (s *Screens) difference(ctx context.Context, v *visit) (answer, error) {
	d, err := s.differenceOf(ctx, v)
	if err != nil {
		return answer{}, err
	}
	shown := DifferencePage{
		Refresh: v.refreshing(), Details: differenceDetails(v, d), Sides: sidesTable(d, v.now.Location()), Plan: s.planOfPair(ctx, v, d.Pair), Acts: differenceActs(d),
		PairRef: govuk.Link{Text: "Pair " + pairWords(d.Pair), Href: pairPath(d.Pair)},
	}
	out := s.operatorPage(ctx, v, "Difference", shown, crumb{differencesPage.title, differencesPage.path})
	out.subjects = subjectsOf(d.Pair)
	return out, nil
}

// subjectsOf returns both prisoners of a pair, whose page it is.
func subjectsOf(pair domain.Pair) []domain.PrisonerNumber {
	numbers := pair.Numbers()
	return numbers[:]
}

// differenceOf returns the difference of the path.
func (s *Screens) differenceOf(ctx context.Context, v *visit) (reconcile.Difference, error) {
	id, err := v.recordID()
	if err != nil || s.operators.Reconcile == nil {
		return reconcile.Difference{}, notFound()
	}
	d, err := s.operators.Reconcile.Difference(ctx, id)
	switch {
	case errors.Is(err, reconcile.ErrNoDifference):
		return d, notFound()
	case err != nil:
		return d, unavailable(err, "The difference could not be read.")
	}
	return d, nil
}

// isLiving reports whether people may still decide about a difference.
func isLiving(d reconcile.Difference) bool { return d.State == "OPEN" || d.State == "ACCEPTED" }

// differenceActs are the acts on a difference, none on one that is gone or could not be
// compared.
func differenceActs(d reconcile.Difference) []govuk.Button {
	if !isLiving(d) || d.Ours == nil && d.Theirs == nil {
		return nil
	}
	base := differencesPage.path + "/" + d.ID.String()
	acts := []govuk.Button{
		{Text: "Repair from DPS", Hidden: "this difference", Href: base + "/repair-from-dps", Kind: govuk.Secondary},
		{Text: "Repair from NOMIS", Hidden: "this difference", Href: base + "/repair-from-nomis", Kind: govuk.Secondary},
	}
	if d.State == "OPEN" {
		acts = append(acts, govuk.Button{Text: "Accept", Hidden: "this difference", Href: base + "/accept", Kind: govuk.Secondary})
	}
	return acts
}

// differenceDetails are what is known of a difference beside its sides.
func differenceDetails(v *visit, d reconcile.Difference) govuk.SummaryList {
	london := v.now.Location()
	list := govuk.SummaryList{ID: "details"}
	add := func(key, text string) {
		if text != "" {
			list.Rows = append(list.Rows, govuk.SummaryRow{Key: key, Text: text, Lines: true})
		}
	}
	add("Pair", pairWords(d.Pair))
	add("What", bucketWords[d.Bucket])
	add("Why", d.Why)
	add("NOMIS’s words", d.Words)
	add("Cause", d.Cause)
	add("Problem", d.Problem)
	if d.NonAssociationID != uuid.Nil {
		add("Record", d.NonAssociationID.String())
	}
	if d.TypeSequence != 0 {
		add("Sequence in NOMIS", strconv.Itoa(d.TypeSequence))
	}
	add("State", stateWords[d.State])
	add("First seen", govuk.DateTime(d.FirstSeen.In(london)))
	add("Last seen", govuk.DateTime(d.LastSeen.In(london)))
	add("Decided by", d.DecidedBy)
	add("Reason", d.Reason)
	if d.Until != "" {
		add("Until", longDay(d.Until))
	}
	return list
}

// sidesTable has both sides side by side, as they were when the difference was last seen:
// either may have changed since. Words mark what differs.
func sidesTable(d reconcile.Difference, london *time.Location) *govuk.Table {
	table := &govuk.Table{
		ID: "sides", Caption: "Both sides as they were on " + govuk.DateTime(d.LastSeen.In(london)), Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{{Text: "Field"}, {Text: "DPS"}, {Text: "NOMIS"}},
	}
	for _, field := range domain.DetailFields(d.Pair) {
		row := govuk.Row{Cells: []govuk.Cell{{Text: fieldWords(field)}, sideCell(d.Ours, field), sideCell(d.Theirs, field)}}
		name, of := field.Name()
		for _, differs := range d.Fields {
			if differs.Field != name || differs.PrisonerNumber != of {
				continue
			}
			row.Cells[0].Tags = []govuk.Tag{{Text: "Differs", Colour: "red"}}
			if differs.OfMirrors {
				row.Cells[2].Below = "The row of " + string(d.Pair.Numbers()[0]) + " has " + quoted(differs.Ours) +
					", that of " + string(d.Pair.Numbers()[1]) + " has " + quoted(differs.Theirs) + "."
			}
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// quoted returns a value in a sentence.
func quoted(value *string) string {
	if value == nil {
		return "none"
	}
	return "“" + *value + "”"
}

// sideCell returns the value of one side.
func sideCell(side *domain.Detail, field domain.DetailField) govuk.Cell {
	if side == nil {
		return govuk.Cell{Text: "has none"}
	}
	value := side.Get(field)
	if value == nil {
		return govuk.Cell{Text: "none"}
	}
	return govuk.Cell{Text: *value, Lines: true}
}

// fieldWords returns a field in words.
func fieldWords(field domain.DetailField) string {
	name, of := field.Name()
	if of != "" {
		return "Reason code of " + string(of)
	}
	return spelled(name)
}
