package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/schollz/progressbar/v3"

	"nonassociations/cmd/internal/app"
	"nonassociations/nomis/migration"
)

const (
	followEvery = 250 * time.Millisecond
	// idleFor is how long nothing may happen until a hint is printed.
	idleFor = 15 * time.Second
)

// follow waits for the end of a run, prints it, and returns its exit status. When the
// context ends the run is cancelled, and its end is waited for: a second signal ends the
// process.
func follow(ctx context.Context, m *app.Migrations, id uuid.UUID, asJSON bool) error {
	interrupted := ctx.Done()
	ctx = context.WithoutCancel(ctx)
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	bar := newBar()
	for {
		run, err := m.Get(ctx, id)
		if err != nil {
			return fmt.Errorf("the migration %s goes on by itself: %w", id, err)
		}
		bar.show(run, m.Clock())
		if !run.IsAtWork() {
			bar.end()
			if err := printRun(ctx, m, run, asJSON); err != nil {
				return err
			}
			return exitOf(run)
		}
		select {
		case <-tick.C:
		case <-interrupted:
			interrupted = nil
			fmt.Fprintln(os.Stderr, "\ncancelling: pairs that were begun end first")
			if err := m.Cancel(ctx, id); err != nil {
				return err
			}
		}
	}
}

// exitOf returns the exit status of a run that has ended, nil for 0.
func exitOf(run migration.Run) error {
	switch {
	case run.Status != migration.Completed:
		return exitError{status: exitCancelled}
	case run.Counts.Lost() > 0:
		return exitError{status: exitLost}
	}
	return nil
}

// bar shows progress on standard error: a bar on a terminal, nothing elsewhere.
type bar struct {
	bar    *progressbar.ProgressBar // nil when standard error is no terminal
	last   migration.Run
	since  time.Time // of the last change
	hinted bool
}

// newBar returns a bar at its beginning.
func newBar() *bar {
	if !isTerminal(os.Stderr) {
		return &bar{}
	}
	return &bar{bar: progressbar.NewOptions(-1,
		progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("listing pairs"), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("pairs"), progressbar.OptionSetPredictTime(true))}
}

// show shows how far a run is. When nothing has happened for long it says, once, what may
// be missing.
func (b *bar) show(run migration.Run, now time.Time) {
	if run.Counts != b.last.Counts || run.Requests != b.last.Requests || b.since.IsZero() {
		b.since = now
	}
	b.last = run
	if !b.hinted && now.Sub(b.since) > idleFor {
		b.hinted = true
		fmt.Fprintln(os.Stderr, "\nnothing happens: nonassociations nomis work must be running, and NOMIS must answer; its log says what it waits for")
	}
	if b.bar == nil || !run.Listed {
		return
	}
	b.bar.Describe("migrating")
	b.bar.ChangeMax(max(run.Counts.Known, 1))
	_ = b.bar.Set(run.Counts.Total) // a terminal that is gone changes nothing
}

// end leaves the line of the bar.
func (b *bar) end() {
	if b.bar != nil {
		fmt.Fprintln(os.Stderr)
	}
}
