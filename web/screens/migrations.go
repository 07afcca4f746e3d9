package screens

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"nonassociations/nomis/migration"
	"nonassociations/web/screens/govuk"
)

// MigrationsPage lists the runs of the migration.
type MigrationsPage struct {
	None    string // in place of the list
	Acts    []govuk.Button
	Spark   spark
	Table   *govuk.Table
	Refresh refreshing
}

// MigrationPage is one run with its failures by cause.
type MigrationPage struct {
	Heading  string
	Progress progress
	Details  govuk.SummaryList
	Acts     []govuk.Button
	Causes   *govuk.Table // nil: nothing failed
	Failures *govuk.Table // the first ones
	More     string
	Refresh  refreshing
}

// progress is how far a run is.
type progress struct {
	ID, Text   string
	Max, Value int
}

// spark is a small line of values, the last of which stands beside it.
type spark struct{ Points, Last string }

var migrationsPage = page{operationsPath + "/migrations", "Migrations"}

// noNOMIS is what a page says in a process without NOMIS.
const noNOMIS = "NOMIS is not configured in this process."

// migrations lists the runs, the newest first.
func (s *Screens) migrations(ctx context.Context, v *visit) (answer, error) {
	if s.operators.Migrations == nil {
		return s.operatorPage(ctx, v, migrationsPage.title, MigrationsPage{None: noNOMIS, Refresh: v.refreshing()}), nil
	}
	runs, err := s.operators.Migrations.All(ctx, time.Time{}, time.Time{})
	if err != nil {
		return answer{}, unavailable(err, "The migrations could not be read.")
	}
	shown := MigrationsPage{
		Refresh: v.refreshing(),
		Acts: []govuk.Button{
			{Text: "Start", Hidden: "a migration", Href: migrationsPage.path + "/start", Kind: govuk.Secondary},
			{Text: "Start a dry run", Hidden: "of a migration", Href: migrationsPage.path + "/start-dry-run", Kind: govuk.Secondary},
		},
		Table: &govuk.Table{
			ID: "runs", Caption: "Runs", Size: "m", Scrolls: true, RowHeader: true,
			Head: []govuk.Header{{Text: "Run"}, {Text: "State"}, {Text: "Pairs"}, {Text: "Migrated"}, {Text: "Failed"}, {Text: "Asked for by"}},
		},
	}
	var lost []int
	for i, run := range runs {
		if i < mostRuns {
			shown.Table.Rows = append(shown.Table.Rows, govuk.Row{ID: run.ID.String(), Cells: []govuk.Cell{
				{Link: &govuk.Link{Text: run.Label, Href: migrationsPage.path + "/" + run.ID.String()}},
				{Text: statusOf(run)},
				{Text: strconv.Itoa(run.Counts.Total)},
				{Text: strconv.Itoa(run.Counts.Migrated())},
				{Text: strconv.Itoa(run.Counts.Lost())},
				{Text: run.RequestedBy},
			}})
			if !run.IsAtWork() {
				lost = append([]int{run.Counts.Lost()}, lost...)
			}
		}
	}
	shown.Spark = sparkOf(lost, func(last int) string { return strconv.Itoa(last) + " failed in the last run that ended" })
	return s.operatorPage(ctx, v, migrationsPage.title, shown), nil
}

// mostRuns bounds the runs of a list.
const mostRuns = 100

// sparkOf draws values, oldest first, into 120 by 24.
func sparkOf(values []int, words func(last int) string) spark {
	if len(values) == 0 {
		return spark{}
	}
	drawn := spark{Last: words(values[len(values)-1])}
	most := 1
	for _, value := range values {
		most = max(most, value)
	}
	for i, value := range values {
		if len(values) > 1 {
			drawn.Points += fmt.Sprintf("%.1f,%.1f ", 1+118*float64(i)/float64(len(values)-1), 23-22*float64(value)/float64(most))
		}
	}
	return drawn
}

// statusOf returns the state of a run in words.
func statusOf(run migration.Run) string {
	text := map[string]string{
		"STARTED": "At work", "CANCELLED_REQUESTED": "Being cancelled", "COMPLETED": "Completed", "CANCELLED": "Cancelled",
	}[string(run.Status)]
	if run.DryRun {
		text += ", dry run"
	}
	return text
}

// migration shows one run.
func (s *Screens) migration(ctx context.Context, v *visit) (answer, error) {
	run, err := s.migrationOf(ctx, v)
	if err != nil {
		return answer{}, err
	}
	shown := MigrationPage{Heading: "Migration " + run.Label, Refresh: v.refreshing(), Progress: progressOf(run), Details: migrationDetails(v, run)}
	base := migrationsPage.path + "/" + run.ID.String()
	if canBeCancelled(run) {
		shown.Acts = append(shown.Acts, govuk.Button{Text: "Cancel this run", Href: base + "/cancel", Kind: govuk.Warns})
	} else if !run.IsAtWork() && run.Counts.Lost() > 0 {
		shown.Acts = append(shown.Acts, govuk.Button{Text: "Retry the failed", Hidden: "of this run", Href: base + "/retry-failed", Kind: govuk.Secondary})
	}
	causes, err := s.operators.Migrations.Causes(ctx, run.ID)
	if err != nil {
		return answer{}, unavailable(err, "The failures of the migration could not be read.")
	}
	failures, total, err := s.operators.Migrations.Failures(ctx, run.ID, "", 0, mostFailures)
	if err != nil {
		return answer{}, unavailable(err, "The failures of the migration could not be read.")
	}
	if total > 0 {
		shown.Causes, shown.Failures = causesTable(causes), failuresTable(failures)
		shown.More = fmt.Sprintf("%d of %s shown.", len(failures), govuk.Count(total, "failure", "failures"))
	}
	return s.operatorPage(ctx, v, shown.Heading, shown, crumb{migrationsPage.title, migrationsPage.path}), nil
}

// canBeCancelled reports whether a run works that nobody has asked to end.
func canBeCancelled(run migration.Run) bool {
	return run.IsAtWork() && run.Status != "CANCELLED_REQUESTED"
}

// mostFailures bounds the failures of a page.
const mostFailures = 100

// migrationOf returns the run of the path.
func (s *Screens) migrationOf(ctx context.Context, v *visit) (migration.Run, error) {
	id, err := v.recordID()
	if err != nil || s.operators.Migrations == nil {
		return migration.Run{}, notFound()
	}
	run, err := s.operators.Migrations.Get(ctx, id)
	switch {
	case errors.Is(err, migration.ErrNoRun):
		return run, notFound()
	case err != nil:
		return run, unavailable(err, "The migration could not be read.")
	}
	return run, nil
}

// filterWords says which pairs a run is about.
func filterWords(of migration.Filter) string {
	switch {
	case of.FailedOf != uuid.Nil:
		return "The failed pairs of migration " + of.FailedOf.String()
	case of.Sample != nil:
		return fmt.Sprintf("A sample of %s, with seed %d", govuk.Count(of.Sample.Size, "pair", "pairs"), of.Sample.Seed)
	case len(of.PrisonerNumbers) > 0:
		return "The pairs of " + numbersText(of.PrisonerNumbers)
	}
	pairs := make([]string, len(of.Pairs))
	for i, pair := range of.Pairs {
		pairs[i] = string(pair[0]) + " and " + string(pair[1])
	}
	return strings.Join(pairs, ", ")
}

// progressOf says how far a run is. Before its pairs are listed the estimate stands.
func progressOf(run migration.Run) progress {
	most := run.Counts.Known
	if !run.Listed {
		most = max(most, run.Estimated)
	}
	return progress{
		ID: "progress", Max: max(most, 1), Value: run.Counts.Total,
		Text: fmt.Sprintf("%d of %s done", run.Counts.Total, govuk.Count(most, "pair", "pairs")),
	}
}

// migrationDetails are the numbers of a run.
func migrationDetails(v *visit, run migration.Run) govuk.SummaryList {
	london, counts := v.now.Location(), run.Counts
	list := govuk.SummaryList{ID: "details", Rows: []govuk.SummaryRow{
		{Key: "State", Text: statusOf(run)}, {Key: "Asked for by", Text: run.RequestedBy}, {Key: "Started", Text: govuk.DateTime(run.Started.In(london))},
	}}
	add := func(key, text string) { list.Rows = append(list.Rows, govuk.SummaryRow{Key: key, Text: text}) }
	if !run.IsAtWork() {
		add("Ended", govuk.DateTime(run.Ended.In(london)))
	}
	if run.Filter.IsPart() {
		add("Only", filterWords(run.Filter))
	}
	for _, row := range []struct {
		key string
		n   int
	}{
		{"Created", counts.Created},
		{"Amended", counts.Amended},
		{"Unchanged", counts.Unchanged},
		{"Ignored", counts.Ignored},
		{"Failed", counts.Failed},
		{"Unreadable", counts.Unreadable},
		{"Sweeps", run.Sweeps},
		{"Requests to NOMIS", int(run.Requests)},
	} {
		add(row.key, strconv.Itoa(row.n))
	}
	return list
}

// causesTable counts the failures by cause.
func causesTable(causes []migration.CauseCount) *govuk.Table {
	table := &govuk.Table{
		ID: "causes", Caption: "Failures by cause", Size: "m", Scrolls: true, RowHeader: true, Head: []govuk.Header{{Text: "Cause"}, {Text: "Pairs"}},
	}
	for _, c := range causes {
		table.Rows = append(table.Rows, govuk.Row{Cells: []govuk.Cell{{Text: c.Cause}, {Text: strconv.Itoa(c.Count)}}})
	}
	return table
}

// failuresTable has a line for each failure.
func failuresTable(failures []migration.Failure) *govuk.Table {
	table := &govuk.Table{
		ID: "failures", Caption: "Failures", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{{Text: "Pair"}, {Text: "Outcome"}, {Text: "Cause"}, {Text: "Why"}},
	}
	for _, f := range failures {
		table.Rows = append(table.Rows, govuk.Row{Cells: []govuk.Cell{
			{Text: f.Pair[0] + " and " + f.Pair[1]}, {Text: string(f.Outcome)}, {Text: f.Cause}, {Text: f.Why, Lines: true},
		}})
	}
	return table
}
