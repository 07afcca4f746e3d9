package screens

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"nonassociations/nomis/reconcile"
	"nonassociations/web/screens/govuk"
)

// ReconciliationsPage lists the runs of the reconciliation.
type ReconciliationsPage struct {
	None    string // in place of the list
	Acts    []govuk.Button
	Spark   spark
	Table   *govuk.Table
	Refresh refreshing
}

// ReconciliationPage is one run with its buckets.
type ReconciliationPage struct {
	Heading  string
	Progress progress
	Details  govuk.SummaryList
	Buckets  *govuk.Table
	Causes   *govuk.Table // why something is unchecked; nil: nothing is
	Refresh  refreshing
}

var reconciliationsPage = page{operationsPath + "/reconciliations", "Reconciliations"}

// reconciliations lists the runs, the newest first.
func (s *Screens) reconciliations(ctx context.Context, v *visit) (answer, error) {
	if s.operators.Reconcile == nil {
		return s.operatorPage(ctx, v, reconciliationsPage.title, ReconciliationsPage{None: noNOMIS, Refresh: v.refreshing()}), nil
	}
	runs, _, err := s.operators.Reconcile.Runs(ctx, 0, mostRuns)
	if err != nil {
		return answer{}, unavailable(err, "The reconciliations could not be read.")
	}
	shown := ReconciliationsPage{
		Refresh: v.refreshing(),
		Acts:    []govuk.Button{{Text: "Start", Hidden: "a reconciliation", Href: reconciliationsPage.path + "/start", Kind: govuk.Secondary}},
		Table: &govuk.Table{
			ID: "runs", Caption: "Runs", Size: "m", Scrolls: true, RowHeader: true,
			Head: []govuk.Header{{Text: "Run"}, {Text: "What was compared"}, {Text: "State"}, {Text: "Pairs"}, {Text: "Differences"}, {Text: "Asked for by"}},
		},
	}
	var found []int
	for _, run := range runs {
		shown.Table.Rows = append(shown.Table.Rows, govuk.Row{ID: run.ID.String(), Cells: []govuk.Cell{
			{Link: &govuk.Link{Text: timeOfRun(v, run), Href: reconciliationsPage.path + "/" + run.ID.String()}},
			{Text: scopeWord(run.Scope)},
			{Text: capital(strings.ToLower(string(run.Status)))},
			{Text: fmt.Sprintf("%d of %d", run.Counts.Pairs, run.Pairs)},
			{Text: strconv.Itoa(run.Counts.Differences())},
			{Text: orText(run.RequestedBy, "the schedule")},
		}})
		if run.Status == "COMPLETED" {
			found = append([]int{run.Counts.Differences()}, found...)
		}
	}
	shown.Spark = sparkOf(found, func(last int) string {
		return govuk.Count(last, "difference", "differences") + " in the last run that completed"
	})
	return s.operatorPage(ctx, v, reconciliationsPage.title, shown), nil
}

// timeOfRun is when a run began, or was asked for.
func timeOfRun(v *visit, run reconcile.Run) string {
	at := run.StartedAt
	if at.IsZero() {
		at = run.RequestedAt
	}
	return govuk.DateTime(at.In(v.now.Location()))
}

// scopeChoices are the scopes that a form offers.
func scopeChoices() []govuk.Choice {
	return []govuk.Choice{{Value: "ALL", Text: "All records"}, {Value: "TOUCHED", Text: "What changed since the last run"}}
}

// scopeWord returns a scope in words.
func scopeWord(scope reconcile.Scope) string {
	if scope == reconcile.ScopePairs {
		return "Pairs that were named"
	}
	return actField{choices: scopeChoices()}.words(string(scope))
}

// reconciliation shows one run.
func (s *Screens) reconciliation(ctx context.Context, v *visit) (answer, error) {
	id, err := v.recordID()
	if err != nil || s.operators.Reconcile == nil {
		return answer{}, notFound()
	}
	run, err := s.operators.Reconcile.Run(ctx, id)
	switch {
	case errors.Is(err, reconcile.ErrNoRun):
		return answer{}, notFound()
	case err != nil:
		return answer{}, unavailable(err, "The reconciliation could not be read.")
	}
	shown := ReconciliationPage{
		Heading: "Reconciliation of " + timeOfRun(v, run), Refresh: v.refreshing(), Details: reconciliationDetails(v, run), Buckets: bucketsTable(run),
		Progress: progress{
			ID: "progress", Max: max(run.Pairs, 1), Value: run.Counts.Pairs,
			Text: fmt.Sprintf("%d of %s done", run.Counts.Pairs, govuk.Count(run.Pairs, "pair", "pairs")),
		},
	}
	if causes := run.Counts.UncheckedCauses(); len(causes) > 0 {
		shown.Causes = &govuk.Table{
			ID: "causes", Caption: "Why some are unchecked", Size: "m", Scrolls: true, RowHeader: true, Head: []govuk.Header{{Text: "Cause"}, {Text: "Records"}},
		}
		for _, cause := range causes {
			shown.Causes.Rows = append(shown.Causes.Rows, govuk.Row{Cells: []govuk.Cell{{Text: cause}, {Text: strconv.Itoa(run.Counts.Causes[cause])}}})
		}
	}
	return s.operatorPage(ctx, v, shown.Heading, shown, crumb{reconciliationsPage.title, reconciliationsPage.path}), nil
}

// reconciliationDetails are what is known of a run beside its buckets.
func reconciliationDetails(v *visit, run reconcile.Run) govuk.SummaryList {
	list := govuk.SummaryList{ID: "details", Rows: []govuk.SummaryRow{
		{Key: "State", Text: capital(strings.ToLower(string(run.Status)))},
		{Key: "What to compare", Text: scopeWord(run.Scope)},
		{Key: "Asked for by", Text: orText(run.RequestedBy, "the schedule")},
		{Key: "Requests to NOMIS", Text: strconv.FormatInt(run.Requests, 10)},
		{Key: "Position", Text: strconv.FormatUint(run.Position, 10)},
	}}
	if !run.EndedAt.IsZero() {
		list.Rows = append(list.Rows, govuk.SummaryRow{Key: "Ended", Text: govuk.DateTime(run.EndedAt.In(v.now.Location()))})
	}
	if run.Failure != "" {
		list.Rows = append(list.Rows, govuk.SummaryRow{Key: "Why it failed", Text: run.Failure})
	}
	return list
}

// bucketWords are the buckets in words.
var bucketWords = map[reconcile.Bucket]string{
	"same": "The same", "differs": "Differs", "onlyHere": "Only here", "onlyThere": "Only in NOMIS", "mirrorsDisagree": "NOMIS differs from itself",
	"held": "Held until a date", "ignored": "Not taken over", "accepted": "Accepted", "unchecked": "Unchecked",
}

// bucketsTable counts the records of a run.
func bucketsTable(run reconcile.Run) *govuk.Table {
	table := &govuk.Table{
		ID: "buckets", Caption: "Buckets", Size: "m", Scrolls: true, RowHeader: true,
		Head: []govuk.Header{{Text: "Bucket"}, {Text: "Here"}, {Text: "In NOMIS"}, {Text: "Of both"}},
	}
	add := func(name string, c reconcile.Column) {
		table.Rows = append(table.Rows, govuk.Row{Cells: []govuk.Cell{
			{Text: name}, {Text: strconv.Itoa(c.Ours)}, {Text: strconv.Itoa(c.Theirs)}, {Text: strconv.Itoa(c.Union)},
		}})
	}
	for _, bucket := range reconcile.Buckets() {
		add(bucketWords[bucket], run.Counts.Buckets[bucket])
	}
	add("Total", run.Counts.Total)
	return table
}

// startReconciliation asks for a run.
func (s *Screens) startReconciliation(_ context.Context, v *visit) (act, error) {
	if s.operators.Reconcile == nil {
		return act{}, notFound()
	}
	choices := scopeChoices()
	return act{
		name: "reconcile start", heading: "Start a reconciliation", back: reconciliationsPage,
		fields: []actField{{name: fieldScope, label: "What to compare", choices: choices, check: chosen(choices, "Select what to compare")}},
		plan: func(_ context.Context, typed actTyped) (actPlan, error) {
			says := map[string]string{
				"ALL":     "Each record of both systems is compared with the other one.",
				"TOUCHED": "What either system changed since the last run began is compared.",
			}[typed[fieldScope]]
			return actPlan{Lines: []string{says, "Nothing is repaired. The process that works with NOMIS carries the run out."}}, nil
		},
		do: func(ctx context.Context, typed actTyped, _ actPlan) (string, error) {
			_, err := s.operators.Reconcile.Request(ctx, reconcile.Request{Scope: reconcile.Scope(typed[fieldScope]), By: v.session.UserName})
			return "A reconciliation was started.", err
		},
	}, nil
}
