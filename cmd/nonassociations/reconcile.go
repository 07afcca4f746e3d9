package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"nonassociations/web/client"
	"nonassociations/web/shape"
)

// reconcileCmd groups the commands about what differs from NOMIS.
type reconcileCmd struct {
	Run         reconcileRunCmd         `cmd:"" help:"Compare the two systems and wait for the result."`
	Show        reconcileShowCmd        `cmd:"" help:"Show one reconciliation, the last one by default."`
	Differences reconcileDifferencesCmd `cmd:"" help:"List what differs from NOMIS."`
	Repair      reconcileRepairCmd      `cmd:"" help:"Repair one difference, or plan and carry out the repair of many."`
	Accept      reconcileAcceptCmd      `cmd:"" help:"Leave a difference as it is."`
}

// reconcileShowCmd shows one run.
type reconcileShowCmd struct {
	callFlags

	ID string `arg:"" optional:"" placeholder:"ID" help:"Of the reconciliation; without it, the last one."`
}

// Help returns the examples that kong prints below the options.
func (reconcileShowCmd) Help() string {
	return `Examples:
  nonassociations reconcile show
  nonassociations reconcile show 8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10 --json`
}

// Run prints the run.
func (c reconcileShowCmd) Run(ctx context.Context) error {
	api, err := c.client(ctx)
	if err != nil {
		return err
	}
	if c.ID == "" {
		last, err := api.Reconciliations(ctx, client.PageOnly{Size: 1})
		if err != nil {
			return err
		}
		if len(last.Body.Content) == 0 {
			return errors.New("there is no reconciliation yet: nonassociations reconcile run")
		}
		c.ID = last.Body.Content[0].ID.String()
	}
	run, err := api.Reconciliation(ctx, c.ID)
	if err != nil {
		return err
	}
	return c.print(run.Body, func() { printReconciliation(run.Body) })
}

// printReconciliation prints a run as sentences and a table.
func printReconciliation(run client.Reconciliation) {
	fmt.Printf("reconciliation %s of %s: %s\n", run.ID, run.Scope, run.Status)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "bucket\tours\ttheirs\tunion\t")
	for _, b := range bucketsOf(run) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t\n", b.name, b.count.Ours, b.count.Theirs, b.count.Union)
	}
	fmt.Fprintf(w, "sum\t%d\t%d\t%d\t\n", run.Ours, run.Theirs, run.Union)
	_ = w.Flush() // a terminal that is gone needs no table
	for _, cause := range run.UncheckedCauses {
		fmt.Printf("%d unchecked: %s\n", cause.Count, cause.Cause)
	}
	fmt.Printf("%d of %d pairs, %d requests to NOMIS, %.1f s\n", run.Pairs.Done, run.Pairs.Total, run.Requests, run.Seconds)
	if run.Failure != nil {
		fmt.Println("it failed: " + *run.Failure)
	}
	if differencesIn(run) > 0 {
		fmt.Println("nonassociations reconcile differences --state OPEN shows what differs")
	}
}

// namedCount is a bucket with its name.
type namedCount struct {
	name  string
	count shape.BucketCount
}

// bucketsOf lists the buckets in the order of the contract.
func bucketsOf(run client.Reconciliation) []namedCount {
	b := run.Buckets
	return []namedCount{
		{"same", b.Same},
		{"differs", b.Differs},
		{"onlyHere", b.OnlyHere},
		{"onlyThere", b.OnlyThere},
		{"mirrorsDisagree", b.MirrorsDisagree},
		{"held", b.Held},
		{"ignored", b.Ignored},
		{"accepted", b.Accepted},
		{"unchecked", b.Unchecked},
	}
}

// differencesIn counts what a person should look at.
func differencesIn(run client.Reconciliation) int {
	b := run.Buckets
	return b.Differs.Union + b.OnlyHere.Union + b.OnlyThere.Union + b.MirrorsDisagree.Union
}

// reconcileDifferencesCmd lists differences.
type reconcileDifferencesCmd struct {
	callFlags

	State   string `placeholder:"STATE" help:"OPEN, HEALED, ACCEPTED or REPAIRED."`
	Bucket  string `placeholder:"BUCKET" help:"Such as differs, onlyHere, onlyThere."`
	Problem string `placeholder:"PROBLEM" help:"Such as ONLY_HERE, REFUSED."`
	Cause   string `placeholder:"CAUSE" help:"Such as LOST_MESSAGE, MERGE_MISSED."`
	Pair    string `placeholder:"A,B" help:"Two prisoner numbers."`
	Page    int    `help:"From 0."`
	Size    int    `default:"20" help:"Of a page, at most 200."`
}

// Help returns the examples that kong prints below the options.
func (reconcileDifferencesCmd) Help() string {
	return `Examples:
  nonassociations reconcile differences --state OPEN
  nonassociations reconcile differences --bucket onlyHere --cause MERGE_MISSED --json
  nonassociations reconcile differences --pair A0135GA,A9109UD`
}

// Run prints a page of differences.
func (c reconcileDifferencesCmd) Run(ctx context.Context) error {
	api, err := c.client(ctx)
	if err != nil {
		return err
	}
	page, err := api.Differences(ctx, client.DifferenceParams{
		PageOnly: client.PageOnly{Page: c.Page, Size: c.Size}, State: c.State, Bucket: c.Bucket, Problem: c.Problem, Cause: c.Cause, Pair: c.Pair,
	})
	if err != nil {
		return err
	}
	return c.print(page.Body, func() {
		for _, d := range page.Body.Content {
			printDifference(d)
		}
		fmt.Printf("%d of %d differences\n", page.Body.NumberOfElements, page.Body.TotalElements)
		if page.Body.NumberOfElements > 0 {
			fmt.Println("nonassociations reconcile repair ID --version N --from DPS|NOMIS --reason TEXT repairs one")
		}
	})
}

// printDifference prints a difference in one line, without the values: its output may go
// into a ticket.
func printDifference(d client.Difference) {
	var fields []string
	for _, f := range d.Fields {
		fields = append(fields, f.Field)
	}
	names := ""
	if len(fields) > 0 {
		names = " (" + strings.Join(fields, ", ") + ")"
	}
	fmt.Printf("%s version %d %s %s,%s %s%s %s\n", d.ID, d.Version, d.State, d.Pair[0], d.Pair[1], d.Bucket, names, d.Cause)
}
