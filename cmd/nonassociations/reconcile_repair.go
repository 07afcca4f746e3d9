package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
	"nonassociations/web/client"
	"nonassociations/web/shape"
)

// reconcileRepairCmd repairs one difference, plans the repair of many, or carries a plan
// out.
type reconcileRepairCmd struct {
	callFlags
	actFlags

	ID      string `arg:"" optional:"" placeholder:"ID" help:"Of the difference."`
	Version int    `placeholder:"N" help:"Of the difference, as reconcile differences shows it."`
	From    string `enum:"DPS,NOMIS," default:"" placeholder:"DPS|NOMIS" help:"The side that is right."`
	Reason  string `placeholder:"TEXT" help:"Why, kept with the difference."`
	DryRun  bool   `help:"Print the steps, and do nothing."`

	Bucket  string `placeholder:"BUCKET" help:"Without ID: plan the repair of all open ones of this bucket."`
	Problem string `placeholder:"PROBLEM" help:"As --bucket, with this problem."`
	Cause   string `placeholder:"CAUSE" help:"As --bucket, of this cause."`
	Pair    string `placeholder:"A,B" help:"As --bucket, of this pair."`
	Delete  bool   `help:"From NOMIS: also what would be deleted here."`
	Plan    string `placeholder:"PLANID" help:"Carry out a plan, while it is still the same plan."`
}

// Help returns the examples that kong prints below the options.
func (reconcileRepairCmd) Help() string {
	return `Examples:
  nonassociations reconcile repair 8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10 --version 1 --from DPS --reason "checked with the prison"
  nonassociations reconcile repair --bucket differs --from NOMIS --reason "a message was lost"
  nonassociations reconcile repair --plan 5f0c9a4e2b7d4f6a8c1e3b5d7f9a0c2e

From DPS writes our values to NOMIS; from NOMIS takes NOMIS's over here. A plan is printed with its id
and changes nothing; --plan carries it out.`
}

// Run does one of the three. Exit status 1: it was refused, or a part failed.
func (c reconcileRepairCmd) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return exitError{err, exitUsage}
	}
	api, err := c.client(ctx)
	switch {
	case err != nil:
		return err
	case c.Plan != "":
		return c.recordedCall(ctx, app.Act{Action: "reconcile repair", Object: "plan " + c.Plan}, func() error { return c.carryOut(ctx, api) })
	case c.ID == "":
		return c.plan(ctx, api)
	case c.DryRun:
		return c.one(ctx, api)
	}
	act := app.Act{Action: "reconcile repair", Object: "difference " + c.ID + " from " + c.From, Reason: c.Reason}
	return c.recordedCall(ctx, act, func() error { return c.one(ctx, api) })
}

// one repairs one difference, or shows what would be done.
func (c reconcileRepairCmd) one(ctx context.Context, api *client.Client) error {
	done, err := api.RepairDifference(ctx, c.ID, client.Repair{Version: c.Version, From: c.From, Reason: c.Reason, DryRun: c.DryRun})
	if err != nil {
		return err
	}
	return c.print(done.Body, func() {
		printSteps(done.Body.Steps)
		if c.DryRun {
			fmt.Println("nothing was done yet: this is what would be")
			return
		}
		fmt.Printf("the difference is %s\n", done.Body.Difference.State)
	})
}

// check refuses a command line that does not say what to do.
func (c reconcileRepairCmd) check() error {
	switch many := c.Bucket+c.Problem+c.Cause+c.Pair != ""; {
	case c.Plan != "":
		if c.ID != "" || many || c.From != "" {
			return errors.New("--plan goes with no other flag: the plan says all")
		}
	case c.From == "", strings.TrimSpace(c.Reason) == "":
		return errors.New("--from and --reason must be given")
	case c.ID == "" && !many:
		return errors.New("say which: an ID with --version, or --bucket, --problem, --cause or --pair")
	case c.ID != "" && (many || c.Version < 1):
		return errors.New("an ID goes with --version, and not with --bucket, --problem, --cause or --pair")
	}
	return nil
}

// plan prints what a repair of many would do.
func (c reconcileRepairCmd) plan(ctx context.Context, api *client.Client) error {
	body := client.RepairPlanRequest{
		Filter: client.DifferenceFilter{Bucket: c.Bucket, Problem: c.Problem, Cause: c.Cause}, From: c.From, Reason: c.Reason, Delete: c.Delete,
	}
	if c.Pair != "" {
		one, other, _ := strings.Cut(c.Pair, ",")
		body.Filter.Pair = client.Pair{domain.PrisonerNumber(one), domain.PrisonerNumber(other)}
	}
	made, err := api.PlanRepairs(ctx, body)
	if err != nil {
		return err
	}
	return c.print(made.Body, func() {
		printSteps(made.Body.Steps)
		fmt.Printf("%d differences would be repaired, %d are left out; nothing was done yet\n", made.Body.Count, made.Body.LeftOut)
		fmt.Println("nonassociations reconcile repair --plan " + made.Body.PlanID)
	})
}

// carryOut does what a plan said.
func (c reconcileRepairCmd) carryOut(ctx context.Context, api *client.Client) error {
	done, err := api.CarryOutRepairs(ctx, c.Plan)
	if err != nil {
		return err
	}
	err = c.print(done.Body, func() {
		printSteps(done.Body.Steps)
		for _, failed := range done.Body.Failed {
			fmt.Printf("%s stays: %s\n", failed.ID, failed.Why)
		}
		fmt.Printf("%d differences are repaired, %d failed, %d are left for a new plan\n", done.Body.Count, len(done.Body.Failed), done.Body.Left)
	})
	if err == nil && len(done.Body.Failed)+done.Body.Left > 0 {
		err = exitError{status: 1}
	}
	return err
}

func printSteps(steps []shape.Step) {
	for _, s := range steps {
		fmt.Printf("%s: %s\n", s.Step, s.Why)
	}
}

// reconcileAcceptCmd leaves a difference as it is.
type reconcileAcceptCmd struct {
	callFlags
	actFlags

	ID      string `arg:"" placeholder:"ID" help:"Of the difference."`
	Version int    `required:"" placeholder:"N" help:"Of the difference, as reconcile differences shows it."`
	Reason  string `required:"" placeholder:"TEXT" help:"Why, kept with the difference."`
	Until   string `placeholder:"DAY" help:"The last day, such as 2026-12-31; without it there is no end."`
}

// Help returns the examples that kong prints below the options.
func (reconcileAcceptCmd) Help() string {
	return `Example:
  nonassociations reconcile accept 8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10 --version 1 --reason "the prison knows" --until 2026-12-31

It opens again when either side changes, or when its last day has passed.`
}

// Run prints the difference as it is then.
func (c reconcileAcceptCmd) Run(ctx context.Context) error {
	api, err := c.client(ctx)
	if err != nil {
		return err
	}
	body := client.Acceptance{Version: c.Version, Reason: c.Reason}
	if c.Until != "" {
		body.Until = &c.Until
	}
	return c.recordedCall(ctx, app.Act{Action: "reconcile accept", Object: "difference " + c.ID, Reason: c.Reason}, func() error {
		d, err := api.AcceptDifference(ctx, c.ID, body)
		if err != nil {
			return err
		}
		return c.print(d.Body, func() { printDifference(d.Body) })
	})
}
