package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/google/uuid"

	"nonassociations/cmd/internal/app"
	"nonassociations/projections/rebuild"
)

// rebuildCmd builds the read model anew beside the one that answers.
type rebuildCmd struct {
	actFlags

	DryRun            bool       `xor:"what" help:"Say what it would take, and do nothing."`
	AcceptDifferences bool       `help:"Let the new rows answer although the present ones differ from the log."`
	Back              bool       `xor:"what" help:"Let the generation that answered before answer again."`
	Pair              pairFlag   `xor:"what" placeholder:"A B" help:"Renew the rows of one pair, and the lists of both prisoners."`
	Prisoner          numberFlag `xor:"what" placeholder:"N" help:"Renew the rows of one prisoner."`
	AdoptLog          string     `placeholder:"ID" help:"Read the log with this id, although the read model was built from another one. Reads are 503 meanwhile."`
	Yes               bool       `help:"Do it: needed for --adopt-log alone."`
	JSON              bool       `help:"Print one JSON object."`
}

// Help returns the examples that kong prints below the options.
func (rebuildCmd) Help() string {
	return `Examples:
  nonassociations rebuild --dry-run
  nonassociations rebuild
  nonassociations rebuild --accept-differences --user JSMITH
  nonassociations rebuild --back
  nonassociations rebuild --pair A1234BC D5678EF
  nonassociations rebuild --adopt-log 6f1c2f0e-3f0a-4a57-9a58-0d5d1c9c2b11 --yes

The next generation is built beside the one that answers. Reads and writes go on. Before it answers
the two are compared: where rows differ from the log nothing changes, until --accept-differences. The
generation that answered is kept, and --back returns to it. A rebuild that was cut off is taken up by
the next one.

--adopt-log is for a log that was restored from a backup, or replaced. The id must be that of the log
at EVENTSTORE_URL, which a role that refused to start has logged. It also drops what is about the old
log: the idempotency keys, the publisher's checkpoints and the parked messages. The topics then
receive the log from its beginning.

Variables: DATABASE_URL and EVENTSTORE_URL; without them the development run of DATA_DIR.

Exit status: 0 done, 1 rows differ and nothing was changed, 2 it could not be done, 3 another rebuild
or verification is at work.`
}

// maxAccepted is how many rows that differed an act keeps.
const maxAccepted = 1000

// Validate is called by kong after parsing.
func (c rebuildCmd) Validate() error {
	if c.AdoptLog != "" && (c.Back || c.AcceptDifferences || c.Pair.given || c.Prisoner.PrisonerNumber != "") {
		return errors.New("--adopt-log goes with no other part of a rebuild")
	}
	if c.AcceptDifferences && (c.Back || c.Pair.given || c.Prisoner.PrisonerNumber != "") {
		return errors.New("--accept-differences is for a whole rebuild")
	}
	_, err := c.adopted()
	return err
}

// Run does what was asked for and prints the report.
func (c rebuildCmd) Run(ctx context.Context) error {
	o, err := options(app.Roles{})
	if err != nil {
		return exitError{err, 2}
	}
	if c.AdoptLog != "" {
		return c.adopt(ctx, o)
	}
	shown := newProgress()
	report, err := c.rebuild(ctx, o, shown)
	shown.end()
	if err != nil {
		return c.failed(ctx, err)
	}
	if c.JSON {
		err = printJSON(report)
	} else {
		printRebuild(report)
	}
	if err != nil {
		return exitError{err, 2}
	}
	if report.Status == rebuild.Differs {
		return exitError{errors.New(differSentence(report)), 1}
	}
	return nil
}

// rebuild records the act when it goes back or accepts what differs.
func (c rebuildCmd) rebuild(ctx context.Context, o app.Options, shown *progress) (report rebuild.Report, err error) {
	request := app.RebuildRequest{
		DryRun: c.DryRun, Back: c.Back, Prisoner: c.Prisoner.PrisonerNumber, Accept: c.AcceptDifferences, Progress: shown.show,
	}
	if c.Pair.given {
		request.Pair = &c.Pair.Pair
	}
	if !c.DryRun && !c.JSON {
		if err := c.announce(ctx, o, request); err != nil {
			return report, err
		}
	}
	if c.DryRun || !c.Back && !c.AcceptDifferences {
		return app.Rebuild(ctx, o, request)
	}
	act := app.Act{Action: "rebuild --back", Object: "the read model"}
	if c.AcceptDifferences {
		act.Action, request.Limit = "rebuild --accept-differences", maxAccepted
	}
	act.Done = func() string { return doneSentence(report) }
	err = c.recorded(ctx, o, act, func() (err error) {
		report, err = app.Rebuild(ctx, o, request)
		return err
	})
	return report, err
}

// announce says on stderr what a whole rebuild will take.
func (c rebuildCmd) announce(ctx context.Context, o app.Options, request app.RebuildRequest) error {
	if request.Back {
		return nil
	}
	request.DryRun = true
	expected, err := app.Rebuild(ctx, o, request)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, expectedSentence(expected))
	return nil
}

// failed gives an error its exit status. A refusal is also told in JSON.
func (c rebuildCmd) failed(ctx context.Context, err error) error {
	if errors.Is(err, rebuild.ErrBusy) {
		if c.JSON {
			refused := rebuild.Report{Status: rebuild.Refused, Shape: rebuild.Shape, Tables: []rebuild.TableReport{}, Differences: []rebuild.Difference{}}
			if failed := printJSON(refused); failed != nil {
				return exitError{errors.Join(err, failed), 2}
			}
		}
		return exitError{err, 3}
	}
	if ctx.Err() != nil {
		err = errors.New("interrupted: the read model answers as before, and the next rebuild takes up what was built")
	}
	var usage exitError
	if errors.As(err, &usage) {
		return usage
	}
	return exitError{err, 2}
}

// adopt takes another log over. Without --yes it does nothing and fails. Each sentence is
// printed before the error, because the steps before the failing one were done.
func (c rebuildCmd) adopt(ctx context.Context, o app.Options) error {
	id, err := c.adopted()
	if err != nil {
		return err
	}
	dryRun := c.DryRun || !c.Yes
	var sentences []string
	if dryRun {
		sentences, err = app.AdoptLog(ctx, o, id, true)
	} else {
		act := app.Act{Action: "rebuild --adopt-log", Object: "log " + id.String()}
		err = c.recorded(ctx, o, act, func() (err error) {
			sentences, err = app.AdoptLog(ctx, o, id, false)
			return err
		})
	}
	for _, sentence := range sentences {
		if c.JSON {
			fmt.Fprintln(os.Stderr, sentence)
		} else {
			fmt.Println(sentence)
		}
	}
	switch {
	case err != nil:
		return exitError{err, 2}
	case !dryRun && c.JSON:
		return printJSON(rebuild.Report{Status: rebuild.Adopted, Shape: rebuild.Shape, Tables: []rebuild.TableReport{}, Differences: []rebuild.Difference{}})
	case c.DryRun && c.JSON:
		return printJSON(rebuild.Report{Status: rebuild.Would, Shape: rebuild.Shape, Tables: []rebuild.TableReport{}, Differences: []rebuild.Difference{}})
	case c.DryRun:
		fmt.Println("Nothing was done yet: this is what --yes would do.")
	case !c.Yes:
		return exitError{errors.New("nothing was done: add --yes to do it, or --dry-run to see what would be done"), 2}
	}
	return nil
}

// adopted returns the id in --adopt-log, zero for none. Only the usual spelling of a
// UUID is accepted: a shortened one could name another log.
func (c rebuildCmd) adopted() (uuid.UUID, error) {
	if c.AdoptLog == "" {
		return uuid.Nil, nil
	}
	id, err := uuid.Parse(c.AdoptLog)
	if err != nil || id == uuid.Nil || len(c.AdoptLog) != len(id.String()) {
		return uuid.Nil, fmt.Errorf("--adopt-log %q is not the id of a log", c.AdoptLog)
	}
	return id, nil
}
