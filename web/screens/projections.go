package screens

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"nonassociations/web/screens/govuk"
)

// Projections shows the consumers of the log and the generations of the read model.
type Projections struct {
	None        string // why there is nothing to show
	Head        string
	Consumers   *govuk.Table
	Generations *govuk.Table
	Refresh     refreshing
}

var projectionsPage = page{operationsPath + "/projections", "Projections"}

// projections shows how far the consumers are.
func (s *Screens) projections(ctx context.Context, v *visit) (answer, error) {
	shown := Projections{Refresh: v.refreshing()}
	if s.operators.Projections == nil {
		shown.None = "This process does not know the consumers of the log."
		return s.operatorPage(ctx, v, projectionsPage.title, shown), nil
	}
	found, err := s.operators.Projections(ctx)
	if err != nil {
		return answer{}, unavailable(err, "The consumers of the log could not be asked.")
	}
	shown.Head = "The head of the log could not be asked."
	if found.Head != nil {
		shown.Head = "The head of the log is at position " + strconv.FormatUint(*found.Head, 10) + "."
	}
	shown.Consumers, shown.Generations = consumersTable(v, found), generationsTable(found.Generations)
	return s.operatorPage(ctx, v, projectionsPage.title, shown), nil
}

// consumersTable has a line for each consumer.
func consumersTable(v *visit, found Projected) *govuk.Table {
	table := &govuk.Table{
		ID: "consumers", Caption: "Consumers", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{{Text: "Consumer"}, {Text: "Position"}, {Text: "Behind"}, {Text: "Heartbeat"}, {Text: "Fault"}, {Text: "Build"}},
	}
	slices.SortFunc(found.Consumers, func(a, b Consumer) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range found.Consumers {
		behind := "not known"
		switch {
		case found.Head == nil || c.Position == nil:
		case *c.Position >= *found.Head:
			behind = "no"
		default:
			behind = "yes"
		}
		table.Rows = append(table.Rows, govuk.Row{ID: c.Name, Cells: []govuk.Cell{
			{Text: spelled(c.Name)},
			{Text: numberOrNone(c.Position)},
			{Text: behind},
			{Text: fmt.Sprintf("%s ago", c.Age.Round(time.Second)), Below: govuk.DateTime(c.Heartbeat.In(v.now.Location()))},
			faultCell(v, c.Fault),
			{Text: c.Build},
		}})
	}
	return table
}

// faultCell says why a consumer is stuck.
func faultCell(v *visit, fault *ConsumerFault) govuk.Cell {
	if fault == nil {
		return govuk.Cell{Text: "none"}
	}
	of := joined(fault.Category, fault.Type)
	if fault.Position != 0 {
		of += " at position " + strconv.FormatUint(fault.Position, 10)
	}
	return govuk.Cell{Text: of, Below: "Since " + govuk.DateTime(fault.Since.In(v.now.Location()))}
}

// generationsTable has a line for each generation of the read model.
func generationsTable(all []Generation) *govuk.Table {
	table := &govuk.Table{
		ID: "generations", Caption: "Generations of the read model", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{{Text: "Generation"}, {Text: "State"}, {Text: "Position"}},
	}
	for _, g := range all {
		state := "Being built"
		switch {
		case g.Answers:
			state = "Answers reads"
		case g.Kept:
			state = "Kept"
		}
		table.Rows = append(table.Rows, govuk.Row{ID: strconv.Itoa(g.Number), Cells: []govuk.Cell{
			{Text: strconv.Itoa(g.Number)}, {Text: state}, {Text: numberOrNone(g.Position)},
		}})
	}
	return table
}

// numberOrNone returns a position, or that there is none.
func numberOrNone(n *uint64) string {
	if n == nil {
		return "none"
	}
	return strconv.FormatUint(*n, 10)
}
