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

// spec is one row: its name on the command line and how it is measured. measure
// prepares what the row needs and leaves it for the rows after it.
type spec struct {
	name    string
	measure func(ctx context.Context, s *harness) (row, error)
	// several is set instead of measure where the rows are several, or curves.
	several func(ctx context.Context, s *harness) (table, error)
}

// rowEsdb is the name of the row that --eventstore selects.
const rowEsdb = "esdb"

// specs are the rows in the order in which they are measured. replay stops the service
// and reads what the rows before it wrote. esdb needs another log and comes last.
var specs = []spec{
	{name: "get", measure: measureGet},
	{name: "sync", several: measureSync},
	{name: "visible", measure: measureVisible},
	{name: "migrate", measure: measureMigrate},
	{name: "message-db", measure: measureMessageDB},
	{name: "replay", measure: measureReplay},
	{name: "rebuild", measure: measureRebuild},
	{name: "evidence", several: measureEvidence},
	{name: "publish", measure: measurePublish},
	{name: "delivered", measure: measureListening},
	{name: "nomis-write", measure: measureNomisWrite},
	{name: "nomis-migrate", measure: measureNomisMigrate},
	{name: "nomis-reconcile", measure: measureNomisReconcile},
	{name: "pages", several: measurePages},
	{name: "growth", several: measureGrowth},
	{name: rowEsdb, several: measureEsdb},
}

// names returns the names of all rows.
func names() []string {
	var all []string
	for _, s := range specs {
		all = append(all, s.name)
	}
	return all
}

// setDefaults completes and checks the options. Errors name the option. --quick lowers
// options and never raises one that was given. At most 1000 pairs in a request is the
// API's limit.
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
		c.Pairs = min(c.Pairs, 2000)
	}
	if c.Growth {
		c.Facts = append(c.Facts, 1_000_000)
	}
	slices.Sort(c.Facts)
	c.Facts = slices.Compact(c.Facts)
	if len(c.Facts) == 0 || c.Facts[0] < 2 {
		return errors.New("--facts must be sizes of 2 or more")
	}
	if c.Rounds < 1 || c.Connections < 1 || c.Migrators < 1 || c.Looks < c.Rounds || c.Bulk < 1 || c.Bulk > 1000 || c.Pairs < 1 || c.Round <= 0 {
		return errors.New("rounds, connections and sizes must be positive, --bulk at most 1000, --looks at least --rounds")
	}
	return nil
}

// measure measures the chosen rows. When one fails, the rows before it are returned with
// the error.
func measure(ctx context.Context, s *harness) (table, error) {
	t := table{header: s.header}
	for _, spec := range specs {
		if !slices.Contains(s.Rows, spec.name) {
			continue
		}
		began := time.Now()
		fmt.Fprintf(os.Stderr, "%s …", spec.name)
		err := spec.add(ctx, s, &t)
		if err != nil {
			fmt.Fprintln(os.Stderr)
			return t, fmt.Errorf("measure %s: %w", spec.name, err)
		}
		fmt.Fprintf(os.Stderr, " %s\n", time.Since(began).Round(100*time.Millisecond))
	}
	return t, nil
}

// add measures one spec and adds what it measured to a table. What an older binary cannot
// do is a row that says so.
func (p spec) add(ctx context.Context, s *harness, t *table) error {
	var more table
	var err error
	if p.several != nil {
		more, err = p.several(ctx, s)
	} else {
		var r row
		r, err = p.measure(ctx, s)
		r.name = p.name
		if err == nil {
			more.rows = []row{r}
		}
	}
	if errors.Is(err, errLacks) {
		more.rows = append(more.rows, row{name: p.name, what: p.name, missing: err.Error()})
		err = nil
	}
	t.rows, t.curves = append(t.rows, more.rows...), append(t.curves, more.curves...)
	return err
}
