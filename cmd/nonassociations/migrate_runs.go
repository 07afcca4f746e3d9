package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
	"nonassociations/nomis/migration"
	"nonassociations/web/api"
	"nonassociations/web/shape"
)

// migrateStatusCmd shows one run.
type migrateStatusCmd struct {
	ID   string `arg:"" optional:"" placeholder:"ID" help:"The migration; the last one when left out."`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

// Help shows the examples.
func (migrateStatusCmd) Help() string {
	return `Examples:
  nonassociations migrate status
  nonassociations migrate status 8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10 --json

Exit: 0 it is at work, or every pair was read and recorded; 1 a pair failed or cannot be read; 2 it is
not known; 130 cancelled.`
}

// Run prints the run as it is now.
func (c migrateStatusCmd) Run(ctx context.Context) error {
	return withMigrations(ctx, func(m *app.Migrations) error {
		run, err := c.find(ctx, m)
		if err != nil {
			return err
		}
		if err := printRun(ctx, m, run, c.JSON); err != nil || run.IsAtWork() {
			return err
		}
		return exitOf(run)
	})
}

// find returns the run that was named, or the last one.
func (c migrateStatusCmd) find(ctx context.Context, m *app.Migrations) (migration.Run, error) {
	if c.ID == "" {
		return m.Last(ctx)
	}
	id, err := migrationID(c.ID)
	if err != nil {
		return migration.Run{}, err
	}
	return m.Get(ctx, id)
}

// migrateCancelCmd asks a run to end.
type migrateCancelCmd struct {
	ID   string `arg:"" placeholder:"ID" help:"The migration."`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

// Help shows an example.
func (migrateCancelCmd) Help() string {
	return `Example:
  nonassociations migrate cancel 8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10

No new pair is taken from then on, and what is done stays. One that has ended stays as it is.`
}

// Run asks the run to end and does not wait for that.
func (c migrateCancelCmd) Run(ctx context.Context) error {
	return withMigrations(ctx, func(m *app.Migrations) error {
		id, err := migrationID(c.ID)
		if err != nil {
			return err
		}
		if err := m.Cancel(ctx, id); err != nil {
			return err
		}
		run, err := m.Get(ctx, id)
		if err != nil {
			return err
		}
		return printRun(ctx, m, run, c.JSON)
	})
}

// migrateHistoryCmd lists runs.
type migrateHistoryCmd struct {
	From string `placeholder:"TIME" help:"Only those that began at this time in London or later, such as 2026-12-01T00:00:00."`
	To   string `placeholder:"TIME" help:"Only those that began at this time in London or earlier."`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

// Help shows the examples.
func (migrateHistoryCmd) Help() string {
	return `Examples:
  nonassociations migrate history
  nonassociations migrate history --from 2026-12-01T00:00:00 --json`
}

// Run prints a table, one line a migration.
func (c migrateHistoryCmd) Run(ctx context.Context) error {
	return withMigrations(ctx, func(m *app.Migrations) error {
		london := m.Clock().Location()
		from, err := timeIn(london, "--from", c.From)
		if err != nil {
			return err
		}
		to, err := timeIn(london, "--to", c.To)
		if err != nil {
			return err
		}
		runs, err := m.All(ctx, from, to)
		if err != nil {
			return err
		}
		return printRuns(london, runs, c.JSON)
	})
}

// timeIn parses a local time; the zero time for "".
func timeIn(london *time.Location, flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := domain.ParseLocalDateTime(text)
	if err != nil {
		return time.Time{}, exitError{fmt.Errorf("%s %w", flag, err), exitUsage}
	}
	instants := at.Instants(london)
	if len(instants) == 0 {
		return time.Time{}, exitError{fmt.Errorf("%s %w", flag, domain.ErrNoSuchHour), exitUsage}
	}
	return instants[0], nil
}

// printRuns prints runs as a table, or as an object with them.
func printRuns(london *time.Location, runs []migration.Run, asJSON bool) error {
	if asJSON {
		all := make([]shape.Migration, len(runs))
		for i, run := range runs {
			all[i] = api.MigrationOf(london, run)
		}
		return printJSON(map[string]any{"migrations": all})
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "id\tstarted\tstatus\tdry run\tpairs\tmigrated\tfailed\tby")
	for _, run := range runs {
		fmt.Fprintf(w, "%s\t%s\t%s\t%t\t%d\t%d\t%d\t%s\n", run.ID, run.Label, run.Status, run.DryRun,
			run.Counts.Total, run.Counts.Migrated(), run.Counts.Lost(), run.RequestedBy)
	}
	return w.Flush()
}

// migrateSheetCmd writes a sheet.
type migrateSheetCmd struct {
	ID     string `arg:"" placeholder:"ID" help:"The migration."`
	Sample int    `required:"" placeholder:"N" help:"How many of its pairs."`
	Seed   int64  `placeholder:"S" help:"The same seed chooses the same pairs."`
	Out    string `required:"" placeholder:"FILE" help:"The file, which is replaced."`
}

// Help shows an example.
func (migrateSheetCmd) Help() string {
	return `Example:
  nonassociations migrate sheet 8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10 --sample 100 --seed 1 --out sheet.csv

One line for each non-association that NOMIS holds of these pairs: its own values, what is recorded
here in both vocabularies, what was translated, what was left out and why, and a column to sign. The
same seed gives the same sheet. The file is for its owner alone, since it has names and comments. A
text that a spreadsheet would take for a formula begins with an apostrophe.`
}

// Run writes the file, whole or not at all.
func (c migrateSheetCmd) Run(ctx context.Context) error {
	id, err := migrationID(c.ID)
	if err != nil {
		return err
	}
	if c.Sample < 1 {
		return exitError{fmt.Errorf("--sample %d must be at least 1", c.Sample), exitUsage}
	}
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(c.Out), ".sheet-*") // for its owner alone
	if err != nil {
		return fmt.Errorf("write the sheet: %w", err)
	}
	defer os.Remove(file.Name()) // nothing is left of a sheet that failed
	lines, err := app.MigrationSheet(ctx, o, file, id, migration.Sample{Size: c.Sample, Seed: c.Seed})
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), c.Out)
	}
	if err != nil {
		return err
	}
	fmt.Printf("%d lines in %s\n", lines, c.Out)
	return nil
}
