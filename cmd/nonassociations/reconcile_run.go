package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"nonassociations/web/client"
)

// The exit statuses of reconcile run, beside 0: nothing but same, held, ignored, accepted.
const (
	exitDifferences = 1
	exitUnchecked   = 2
	exitFailed      = 3
)

// reconcileRunCmd requests a run and waits for it.
type reconcileRunCmd struct {
	callFlags

	Scope          string `enum:"ALL,TOUCHED,PAIRS," default:"" placeholder:"ALL|TOUCHED|PAIRS" help:"Which pairs; ALL by default, PAIRS with --pairs."`
	Pairs          string `type:"existingfile" placeholder:"FILE" help:"One pair a line: A0135GA,A9109UD."`
	AllowUnchecked bool   `help:"What could not be compared does not fail the run."`
	Detach         bool   `help:"Print the id of the run, and do not wait."`
}

// Help returns the examples that kong prints below the options.
func (reconcileRunCmd) Help() string {
	return `Examples:
  nonassociations reconcile run
  nonassociations reconcile run --scope TOUCHED --json
  nonassociations reconcile run --pairs pairs.csv --allow-unchecked
  nonassociations reconcile run --detach

The process nonassociations nomis work carries it out; stopping this command does not stop the run.
Exit: 0 nothing differs, 1 something does, 2 something is unchecked (with --allow-unchecked 0 or 1, by
the rest), 3 the run failed for another reason, or could not be asked for.`
}

// Run requests a run, shows how far it is, and prints what it found. The exit status says
// it too.
func (c reconcileRunCmd) Run(ctx context.Context) error {
	body := client.ReconciliationRequest{Scope: c.Scope, AllowUnchecked: c.AllowUnchecked}
	if c.Pairs != "" {
		pairs, err := readPairs(c.Pairs)
		if err != nil {
			return exitError{err, exitUsage}
		}
		for _, pair := range pairs {
			body.Pairs = append(body.Pairs, pair[:])
		}
	}
	switch {
	case body.Scope == "" && c.Pairs != "":
		body.Scope = "PAIRS"
	case body.Scope == "":
		body.Scope = "ALL"
	}
	if (body.Scope == "PAIRS") != (len(body.Pairs) > 0) {
		return exitError{errors.New("--pairs FILE goes with --scope PAIRS, and with no other"), exitUsage}
	}
	api, err := c.client(ctx)
	if err != nil {
		return exitError{err, exitFailed}
	}
	requested, err := api.RequestReconciliation(ctx, body)
	if err != nil {
		return exitError{err, exitFailed}
	}
	if c.Detach {
		return c.print(requested.Body, func() {
			fmt.Printf("requested %s\nnonassociations reconcile show %s shows how far it is\n", requested.Body.ID, requested.Body.ID)
		})
	}
	run, err := followReconciliation(ctx, api, requested.Body.ID.String())
	if err != nil {
		return exitError{err, exitFailed}
	}
	if err := c.print(run, func() { printReconciliation(run) }); err != nil {
		return err
	}
	if status := exitOfReconciliation(run); status != 0 {
		return exitError{status: status}
	}
	return nil
}

// exitOfReconciliation returns the exit status of a run that has ended. The sums are checked here too.
func exitOfReconciliation(run client.Reconciliation) int {
	var ours, theirs, union int
	for _, b := range bucketsOf(run) {
		ours, theirs, union = ours+b.count.Ours, theirs+b.count.Theirs, union+b.count.Union
	}
	switch {
	case ours != run.Ours || theirs != run.Theirs || union != run.Union:
		return exitFailed
	case run.Buckets.Unchecked.Union > 0 && !run.AllowUnchecked:
		return exitUnchecked
	case run.Status != "COMPLETED":
		return exitFailed
	case differencesIn(run) > 0:
		return exitDifferences
	}
	return 0
}

// askEvery is how often a run is asked how far it is.
const askEvery = time.Second

// followReconciliation shows a run until it has ended. An outage of the service is waited for: the run
// goes on meanwhile.
func followReconciliation(ctx context.Context, api *client.Client, id string) (client.Reconciliation, error) {
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("pairs compared"),
		progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetVisibility(isTerminal(os.Stderr)))
	defer func() { _ = bar.Finish() }() // a terminal that is gone needs no bar
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		run, err := api.Reconciliation(ctx, id)
		var refusal *client.Error
		switch {
		case ctx.Err() != nil:
			return client.Reconciliation{}, fmt.Errorf("stopped waiting; the run goes on: nonassociations reconcile show %s", id)
		case errors.As(err, &refusal) && !refusal.Temporary():
			return client.Reconciliation{}, err
		case err == nil && run.Body.Status != "RUNNING":
			return run.Body, nil
		case err == nil:
			bar.ChangeMax(max(run.Body.Pairs.Total, 1))
			_ = bar.Set(run.Body.Pairs.Done)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}
