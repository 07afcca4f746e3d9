package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"

	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
	"nonassociations/nomis/migration"
)

// migrateCmd groups the commands about migrations.
type migrateCmd struct {
	Run     migrateRunCmd     `cmd:"" help:"Migrate what NOMIS holds, and wait for the end."`
	Status  migrateStatusCmd  `cmd:"" help:"Show a migration."`
	Cancel  migrateCancelCmd  `cmd:"" help:"End a migration before its end."`
	History migrateHistoryCmd `cmd:"" help:"List the migrations, the newest first."`
	Sheet   migrateSheetCmd   `cmd:"" help:"Write a sheet of some pairs, to be compared and signed."`
}

// Exit statuses of the commands about migrations, beside 0.
const (
	exitLost      = 1   // a pair failed or cannot be read
	exitUnjudged  = 2   // it is not known how the migration ended
	exitAtWork    = 3   // another one is at work
	exitUsage     = 80  // as for every wrong command line
	exitCancelled = 130 // as after Ctrl-C
)

// migrateRunCmd requests a migration and follows it.
type migrateRunCmd struct {
	DryRun   bool   `help:"Count what would be done, and write nothing."`
	Pairs    string `placeholder:"FILE" xor:"which" help:"Only these pairs: one a line, such as A0135GA,A9109UD."`
	FailedOf string `placeholder:"ID" xor:"which" help:"Only the pairs that failed or could not be read in this migration."`
	Sample   int    `placeholder:"N" xor:"which" help:"Only N pairs, which the seed chooses."`
	Seed     int64  `placeholder:"S" help:"Seed of the sample: the same one chooses the same pairs."`
	User     string `env:"USER" placeholder:"NAME" help:"Who requests it, for the history."`
	Detach   bool   `help:"Do not wait for the end."`
	JSON     bool   `name:"json" help:"Print one JSON object."`
}

// Help returns the examples that kong prints below the options.
func (migrateRunCmd) Help() string {
	return `Examples:
  nonassociations migrate run --dry-run
  nonassociations migrate run --sample 500 --seed 1
  nonassociations migrate run --detach
  nonassociations migrate run --failed-of 8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10

The migration is carried out by nonassociations nomis work. It waits while NOMIS does not answer, and
goes on where it was after any interruption. What is migrated is published on no topic of domain events. Ctrl-C cancels it: no
new pair is taken, and what is done stays.

Exit: 0 every pair was read and recorded; 1 a pair failed or cannot be read; 2 it is not known how it
ended; 3 another migration is at work; 130 cancelled.`
}

// Run requests the migration and, unless detached, waits for its end.
func (c migrateRunCmd) Run(ctx context.Context) error {
	order, err := c.order()
	if err != nil {
		return unjudged(err)
	}
	return withMigrations(ctx, func(m *app.Migrations) error {
		run, err := m.Start(ctx, order)
		switch {
		case errors.Is(err, migration.ErrAtWork):
			return exitError{fmt.Errorf("%w: nonassociations migrate status shows it", err), exitAtWork}
		case errors.Is(err, migration.ErrNoRun):
			return fmt.Errorf("--failed-of %s: %w", c.FailedOf, err)
		case err != nil:
			return err
		case c.Detach:
			return printStart(run, c.JSON)
		}
		return follow(ctx, m, run.ID, c.JSON)
	})
}

// order returns what the flags ask for. Errors: an id or a file that cannot be read.
func (c migrateRunCmd) order() (migration.Order, error) {
	order := migration.Order{DryRun: c.DryRun, By: c.User}
	if order.By == "" {
		order.By = "OPERATOR"
	}
	var err error
	switch {
	case c.Pairs != "":
		order.Filter.Pairs, err = readPairs(c.Pairs)
	case c.FailedOf != "":
		order.Filter.FailedOf, err = migrationID(c.FailedOf)
	case c.Sample < 0:
		err = exitError{errors.New("--sample must be at least 1"), exitUsage}
	case c.Sample > 0:
		order.Filter.Sample = &migration.Sample{Size: c.Sample, Seed: c.Seed}
	}
	return order, err
}

// readPairs reads a file of pairs, one a line. Errors name the line.
func readPairs(path string) ([][2]domain.PrisonerNumber, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("read the pairs: %w", err)
	}
	defer file.Close()
	lines := csv.NewReader(file)
	lines.FieldsPerRecord, lines.TrimLeadingSpace = 2, true
	var pairs [][2]domain.PrisonerNumber
	for {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the pairs: %w", err)
		}
		one, errOne := domain.ParsePrisonerNumber(fields[0])
		other, errOther := domain.ParsePrisonerNumber(fields[1])
		if _, err := domain.NewPair(one, other); errors.Join(errOne, errOther, err) != nil {
			line, _ := lines.FieldPos(0)
			return nil, fmt.Errorf("line %d of %s is no pair such as A0135GA,A9109UD", line, path)
		}
		pairs = append(pairs, [2]domain.PrisonerNumber{one, other})
	}
	if len(pairs) == 0 {
		return nil, fmt.Errorf("%s has no pairs", path)
	}
	return pairs, nil
}

// migrationID parses the id of a migration.
func migrationID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, exitError{fmt.Errorf("%q is not the id of a migration", text), exitUsage}
	}
	return id, nil
}

// withMigrations opens the runs for a command.
func withMigrations(ctx context.Context, do func(*app.Migrations) error) error {
	o, err := options(app.Roles{})
	if err != nil {
		return unjudged(err)
	}
	m, err := app.OpenMigrations(ctx, o)
	if err != nil {
		return unjudged(err)
	}
	defer m.Close()
	return unjudged(do(m))
}

// unjudged gives an error that has no exit status of its own the one that says that it is
// not known how the migration is.
func unjudged(err error) error {
	var exit exitError
	if err == nil || errors.As(err, &exit) {
		return err
	}
	return exitError{err, exitUnjudged}
}
