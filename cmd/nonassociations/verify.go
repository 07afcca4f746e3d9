package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"nonassociations/cmd/internal/app"
	"nonassociations/projections/rebuild"
)

// verifyCmd groups the comparisons of stored data with the log.
type verifyCmd struct {
	ReadModel verifyReadModelCmd `cmd:"" help:"Compare the read model with one that is built anew from the log."`
	Log       verifyLogCmd       `cmd:"" help:"Compare the log with the leaves, heads and cosignatures that were kept of it."`
	Proof     verifyProofCmd     `cmd:"" help:"Check the proof of one fact; needs no variable and no network."`
	Bundle    verifyBundleCmd    `cmd:"" help:"Check a bundle that export wrote, without any variable or network."`
}

// verifyReadModelCmd compares the read model.
type verifyReadModelCmd struct {
	ShowValues bool `help:"Print the values that differ, on a terminal alone."`
	Limit      int  `default:"100" placeholder:"N" help:"Name at most so many rows."`
	JSON       bool `help:"Print one JSON object."`
}

// Help returns the examples that kong prints below the options.
func (verifyReadModelCmd) Help() string {
	return `Examples:
  nonassociations verify read-model
  nonassociations verify read-model --json

A second read model is built from the log, up to the position of the one that answers. Every row is
compared, and the second one is dropped. Reads and writes go on, and nothing has to be stopped. A
value that differs is shown by the first 12 digits of its SHA-256.

Variables: DATABASE_URL and EVENTSTORE_URL; without them the development run of DATA_DIR.

Exit status: 0 the same rows, 1 rows differ, 2 they could not be compared, 3 a rebuild is at work.`
}

// Validate is called by kong after parsing.
func (c verifyReadModelCmd) Validate() error {
	if c.Limit < 1 {
		return errors.New("--limit must be at least 1")
	}
	return nil
}

// Run compares. It changes nothing.
func (c verifyReadModelCmd) Run(ctx context.Context) error {
	o, err := options(app.Roles{})
	if err != nil {
		return exitError{err, 2}
	}
	if c.ShowValues && !isTerminal(os.Stdout) {
		fmt.Fprintln(os.Stderr, "nonassociations: values are shown on a terminal alone; the digits of their SHA-256 are printed")
		c.ShowValues = false
	}
	shown := newProgress()
	found, err := app.VerifyReadModel(ctx, o, app.VerifyRequest{ShowValues: c.ShowValues, Limit: c.Limit, Expects: announceComparison, Progress: shown.show})
	shown.end()
	switch {
	case errors.Is(err, rebuild.ErrBusy):
		return exitError{err, 3}
	case err != nil && ctx.Err() != nil:
		return exitError{errors.New("interrupted: nothing was compared"), 2}
	case err != nil:
		return exitError{err, 2}
	}
	if c.JSON {
		if err := printJSON(found); err != nil {
			return exitError{err, 2}
		}
	} else {
		printVerification(found)
	}
	if !found.OK {
		return exitError{fmt.Errorf("the read model differs from log %s in %d rows", found.Store, found.Total), 1}
	}
	return nil
}

// announceComparison says on stderr how long a comparison will take.
func announceComparison(facts uint64, e rebuild.Expected) {
	fmt.Fprintf(os.Stderr, "Comparing the read model with %d facts: about %s. Reads and writes go on.\n",
		facts, time.Duration(e.Seconds*float64(time.Second)).Round(time.Second/2))
}

// printVerification prints the result as sentences.
func printVerification(v rebuild.Verification) {
	rows := uint64(0)
	for _, t := range v.Tables {
		rows += t.Rows
	}
	if v.OK {
		fmt.Printf("The read model's %d rows are those that log %s gives up to position %d.\n", rows, v.Store, v.Position)
		return
	}
	printDifferences(v.Differences)
	fmt.Println("To renew the rows of one pair: nonassociations rebuild --pair A B; to replace all: nonassociations rebuild --accept-differences")
}
