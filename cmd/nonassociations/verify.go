package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"nonassociations/cmd/internal/app"
	"nonassociations/projections"
)

// verifyCmd groups the comparisons of stored data with the log.
type verifyCmd struct {
	ReadModel verifyReadModelCmd `cmd:"" help:"Compare the facts that the read model was built from with the log."`
	Log       verifyLogCmd       `cmd:"" help:"Compare the log with the leaves, heads and cosignatures that were kept of it."`
	Proof     verifyProofCmd     `cmd:"" help:"Check the proof of one fact; needs no variable and no network."`
}

// verifyReadModelCmd compares the read model.
type verifyReadModelCmd struct {
	JSON bool `help:"Print one JSON object."`
}

// Help returns the examples that kong prints below the options.
func (verifyReadModelCmd) Help() string {
	return `Examples:
  nonassociations verify read-model
  nonassociations verify read-model --json

The projector keeps a running hash of the ids of all facts that it has applied. The same hash is
computed here from the whole log. Nothing is changed, and nothing has to be stopped.

Exit status: 0 the same facts, 1 other facts, 2 they could not be compared.`
}

// Run compares, and fails with status 1 when the facts differ. Status 2 means that
// nothing was compared: the log or Postgres failed. It changes nothing.
func (c verifyReadModelCmd) Run(ctx context.Context) error {
	o, err := options(app.Roles{})
	if err != nil {
		return exitError{err, 2}
	}
	// The duration is printed for operators, who plan the next run by it.
	begun := time.Now()
	found, err := app.VerifyReadModel(ctx, o)
	if err != nil {
		return exitError{err, 2}
	}
	if c.JSON {
		if err := printComparison(found, time.Since(begun)); err != nil {
			return exitError{err, 2}
		}
	}
	if !found.Same() {
		return exitError{errors.New(app.DescribeDifference(found)), 1}
	}
	if !c.JSON {
		fmt.Printf("The read model was built from the %d facts that log %s holds up to position %d.\n",
			found.Built.Events, found.Store, found.Position)
	}
	return nil
}

// printComparison prints the result as one JSON object. Its keys never change:
// monitoring reads them.
func printComparison(c projections.Comparison, took time.Duration) error {
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"ok": c.Same(), "storeId": c.Store, "generation": 1, "position": c.Position,
		"facts": c.Built.Events, "expectedFacts": c.InLog.Events,
		"digest": fmt.Sprintf("%x", c.Built.Sum), "expectedDigest": fmt.Sprintf("%x", c.InLog.Sum),
		"seconds": took.Seconds(),
	})
}
