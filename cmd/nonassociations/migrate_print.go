package main

import (
	"context"
	"fmt"

	"nonassociations/cmd/internal/app"
	"nonassociations/nomis/migration"
	"nonassociations/web/api"
	"nonassociations/web/shape"
)

// printStart prints a run that was requested.
func printStart(run migration.Run, asJSON bool) error {
	if asJSON {
		return printJSON(shape.MigrationStart{MigrationID: run.ID, Label: run.Label, EstimatedCount: run.Estimated, Type: shape.MigrationType})
	}
	fmt.Printf("Migration %s was requested: about %d pairs.\n", run.ID, run.Estimated)
	fmt.Printf("Next: nonassociations migrate status %s\n", run.ID)
	return nil
}

// printRun prints a run, with its failures by cause and with what to do next.
func printRun(ctx context.Context, m *app.Migrations, run migration.Run, asJSON bool) error {
	if asJSON {
		return printJSON(api.MigrationOf(m.Clock().Location(), run))
	}
	kind := ""
	if run.DryRun {
		kind = ", a dry run"
	}
	c := run.Counts
	fmt.Printf("Migration %s of %s%s: %s. Requested by %s.\n", run.ID, run.Label, kind, run.Status, run.RequestedBy)
	fmt.Printf("%d of about %d pairs: %d created, %d amended, %d unchanged, %d ignored, %d failed, %d unreadable.\n",
		c.Total, run.Estimated, c.Created, c.Amended, c.Unchanged, c.Ignored, c.Failed, c.Unreadable)
	fmt.Printf("Non-associations: %d created, %d amended, %d unchanged, %d ignored. %d sweeps, %d requests to NOMIS.\n",
		c.Items.Created, c.Items.Amended, c.Items.Unchanged, c.Items.Ignored, run.Sweeps, run.Requests)
	causes, err := m.Causes(ctx, run.ID)
	if err != nil {
		return err
	}
	for _, cause := range causes {
		fmt.Printf("%d pairs: %s\n", cause.Count, cause.Cause)
	}
	fmt.Println("Next: " + next(run))
	return nil
}

// next is the command that an operator is likely to type next.
func next(run migration.Run) string {
	switch {
	case run.IsAtWork():
		return fmt.Sprintf("nonassociations migrate status %s", run.ID)
	case run.Counts.Lost() > 0:
		return fmt.Sprintf("nonassociations migrate run --failed-of %s", run.ID)
	case run.Status != migration.Completed, run.DryRun:
		return "nonassociations migrate run"
	}
	return fmt.Sprintf("nonassociations migrate sheet %s --sample 100 --seed 1 --out sheet.csv", run.ID)
}
