package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// spec is one row: what it needs and how it is measured.
type spec struct {
	name    string
	measure func(ctx context.Context, s *harness) (row, error)
}

// rowEsdb is the row that --eventstore is for.
const rowEsdb = "esdb"

// order matters: replay stops the service and reads what the others wrote,
// esdb needs another log.
var specs = []spec{
	{"get", measureGet},
	{"sync", measureSync},
	{"visible", measureVisible},
	{"migrate", measureMigrate},
	{"replay", measureReplay},
	{"publish", measurePublish},
	{"heard", measureListening},
	{rowEsdb, measureEsdb},
}

func names() []string {
	var all []string
	for _, s := range specs {
		all = append(all, s.name)
	}
	return all
}

func (c *runCmd) setDefaults() error {
	if len(c.Rows) == 0 {
		c.Rows = names()
		if c.Eventstore != "" {
			c.Rows = []string{rowEsdb}
		}
	}
	for _, name := range c.Rows {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("no row %q: there are %s", name, strings.Join(names(), ", "))
		}
	}
	if rest, newer := strings.CutPrefix(c.Eventstore, "kurrentdb"); newer { // the newer servers' spelling
		c.Eventstore = "esdb" + rest
	}
	if c.Eventstore != "" && !strings.HasPrefix(c.Eventstore, "esdb") {
		return errors.New("--eventstore must begin with esdb:// or esdb+discover://, or the same with kurrentdb")
	}
	if c.Quick {
		c.Rounds, c.Round, c.Looks = min(c.Rounds, 3), min(c.Round, 700*time.Millisecond), min(c.Looks, 200)
	}
	if c.Rounds < 1 || c.Connections < 1 || c.Migrators < 1 || c.Looks < c.Rounds || c.Bulk < 1 || c.Bulk > 1000 || c.Round <= 0 {
		return errors.New("rounds, connections and sizes must be positive, --bulk at most 1000, --looks at least --rounds")
	}
	return nil
}

// measure goes through the rows; what was measured before an error is kept.
func measure(ctx context.Context, s *harness) (table, error) {
	t := table{header: s.header}
	for _, spec := range specs {
		if !slices.Contains(s.Rows, spec.name) {
			continue
		}
		began := time.Now()
		fmt.Fprintf(os.Stderr, "%s …", spec.name)
		r, err := spec.measure(ctx, s)
		if err != nil {
			fmt.Fprintln(os.Stderr)
			return t, fmt.Errorf("measure %s: %w", spec.name, err)
		}
		fmt.Fprintf(os.Stderr, " %s\n", time.Since(began).Round(100*time.Millisecond))
		t.rows = append(t.rows, r)
	}
	return t, nil
}
