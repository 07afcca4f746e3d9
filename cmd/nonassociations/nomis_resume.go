package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"strings"
	"time"

	"nonassociations/cmd/internal/app"
	"nonassociations/nomis/store"
)

// resumeCmd releases the brake that was set because NOMIS looks restored.
type resumeCmd struct {
	From   string `required:"" enum:"DPS,NOMIS" placeholder:"DPS|NOMIS" help:"Which system is right: DPS or NOMIS."`
	Reason string `required:"" placeholder:"TEXT" help:"Why, kept with the decision."`
	By     string `placeholder:"NAME" help:"Who decided; by default the user of this machine."`
	DryRun bool   `help:"Print what led to the stop, and do nothing."`
}

// Help returns the examples that kong prints below the options.
func (resumeCmd) Help() string {
	return `Examples:
  nonassociations nomis resume --from DPS --reason "NOMIS was restored as of Sunday 02:00" --dry-run
  nonassociations nomis resume --from DPS --reason "NOMIS was restored as of Sunday 02:00"
  nonassociations nomis resume --from NOMIS --reason "a correction of many records, on purpose"

When NOMIS gives many records older forms back, every exchange with it stops until this command.
Ask NOMIS's team first; nothing is lost by waiting.

DPS: where NOMIS holds a form that a record had here before, the record is written to NOMIS. This
counts for 24 hours, for each record until it is in step, and longer for those that led to the stop.
A record that was taken over before the stop is not changed: it is an open difference, whose ours is
what it was.
NOMIS: what NOMIS holds is taken over, and for 24 hours not counted for records that were not in
step since.

Run nonassociations reconcile run on the same day, so that no record is left out.`
}

// Run releases the brake, and prints why it was on and for which pairs, one a line.
func (c resumeCmd) Run(ctx context.Context) error {
	if strings.TrimSpace(c.Reason) == "" {
		return errors.New("--reason must say why")
	}
	if strings.TrimSpace(c.By) == "" {
		c.By = "unknown"
		if who, err := user.Current(); err == nil {
			c.By = who.Username
		}
	}
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	of, err := c.resume(ctx, o)
	if errors.Is(err, store.ErrNoBrake) {
		return errors.New(notStopped(of.Brake))
	}
	if err != nil {
		return err
	}
	fmt.Printf("stopped since %s: %s\n", of.Brake.Since.UTC().Format(time.RFC3339), of.Brake.Why)
	for _, one := range of.Pairs {
		fmt.Printf("%s %d\n", one.Pair, one.Records)
	}
	if c.DryRun {
		fmt.Println("nothing was done yet: these are the pairs that led to the stop, and how many records of each")
		return nil
	}
	fmt.Printf("turns go on, and %s is right\n", c.From)
	return nil
}

// resume records the act unless it only shows what it would do.
func (c resumeCmd) resume(ctx context.Context, o app.Options) (of app.Resumption, err error) {
	release := store.Release{From: store.Side(c.From), Reason: c.Reason, By: c.By}
	if c.DryRun {
		return app.Resume(ctx, o, release, true)
	}
	act := app.Act{User: c.By, Action: "nomis resume", Object: "from " + c.From, Reason: c.Reason}
	err = o.RecordAct(ctx, act, func() (err error) {
		of, err = app.Resume(ctx, o, release, false)
		return err
	})
	return of, err
}

// notStopped says that there is nothing to release, and what became of the last stop.
func notStopped(last store.Brake) string {
	text := "turns are not stopped"
	if !last.Release.At.IsZero() {
		text += fmt.Sprintf(": the last stop ended at %s, from %s, by %s", last.Release.At.UTC().Format(time.RFC3339), last.Release.From, last.Release.By)
	}
	return text
}
