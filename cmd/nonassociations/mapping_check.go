package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"nonassociations/audit"
	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
	"nonassociations/nomis/mappingcheck"
)

// mappingCmd groups the commands about the mapping between the record and NOMIS.
type mappingCmd struct {
	Check mappingCheckCmd `cmd:"" help:"Compare what the log says that NOMIS holds with what NOMIS holds."`
}

// mappingCheckCmd compares the log with NOMIS or with an extract.
type mappingCheckCmd struct {
	At      time.Time `placeholder:"TIME" help:"Only what the log knew at this time, as in 2026-07-15T12:00:00Z."`
	Against string    `placeholder:"FILE" help:"Compare with this extract, and not with NOMIS."`
	JSON    bool      `help:"Print each difference as a JSON object."`
}

// Help returns the examples that kong prints below the options.
func (mappingCheckCmd) Help() string {
	return `Examples:
  nonassociations nomis mapping check
  nonassociations nomis mapping check --json >differences.ndjson
  nonassociations nomis mapping check --at 2026-07-15T12:00:00Z --against extract.ndjson

What NOMIS held is built from the log alone, for every pair of the log and of NOMIS. FILE has a row
a line, as JSON with the field names of the NOMIS Prisoner API, those of both mirrors in any order.
NOMIS is read at NOMIS_RATE, two requests a pair; what differs is read again after a second. Nothing
is changed. Memory grows with the pairs by 14 bytes each, and with the rows of FILE by 100.

Each line names the pair, the sequence that the log knows (else NOMIS's), the kind, the field, what
NOMIS held and what it holds; "-" is none. Kinds: differs, onlyHere (not in NOMIS), onlyThere (not in
the log), mirrorsDisagree, notHoldable. The values are personal data. Progress goes to stderr.

Exit status: 0 no difference, 1 any, 2 the log, NOMIS or FILE could not be read.`
}

// Run compares. A difference is printed as soon as all before it are known, so that what was
// found before Ctrl-C stays.
func (c mappingCheckCmd) Run(ctx context.Context) error {
	o, err := options(app.Roles{})
	if err != nil {
		return exitError{err, 2}
	}
	out := bufio.NewWriter(os.Stdout)
	meter := meter{out: os.Stderr, every: 5 * time.Second, next: time.Now().Add(5 * time.Second)}
	result, err := app.CheckMapping(ctx, o, app.MappingCheck{
		At: c.At, Against: c.Against,
		Found: func(d audit.MappingDifference) error {
			if err := c.print(out, d); err != nil {
				return err
			}
			return out.Flush()
		},
		Unread: func(pair domain.Pair, err error) {
			fmt.Fprintf(os.Stderr, "%s could not be compared: %v\n", pairText(pair.Numbers()), err)
		},
		Progress: meter.show,
	})
	fmt.Fprintf(os.Stderr, "%d pairs compared, %d differences\n", result.Pairs, result.Differences)
	switch {
	case ctx.Err() != nil:
		return exitError{fmt.Errorf("stopped before all pairs were compared: %w", ctx.Err()), 2}
	case err != nil:
		return exitError{err, 2}
	case result.Differences > 0:
		return exitError{nil, 1} // the differences were printed
	}
	return nil
}

// print writes a difference as one line.
func (c mappingCheckCmd) print(out io.Writer, d audit.MappingDifference) error {
	if c.JSON {
		return json.NewEncoder(out).Encode(d)
	}
	_, err := fmt.Fprintln(out, differenceText(d))
	return err
}

// differenceText returns a difference as one line. Its first four words are for scripts and
// never change.
func differenceText(d audit.MappingDifference) string {
	sequence, field := "-", "-"
	if d.TypeSequence != nil {
		sequence = strconv.Itoa(*d.TypeSequence)
	}
	if d.Field != "" {
		field = d.Field
	}
	if d.PrisonerNumber != "" {
		field += "/" + string(d.PrisonerNumber)
	}
	line := fmt.Sprintf("%s %s %s %s ours=%s theirs=%s", pairText(d.Pair), sequence, d.Bucket, field, quoted(d.Ours), quoted(d.Theirs))
	if d.Backwards != nil {
		line += " backwards=" + quoted(d.Backwards)
	}
	if d.Why != "" {
		line += ": " + d.Why
	}
	return line
}

func pairText(numbers [2]domain.PrisonerNumber) string {
	return string(numbers[0]) + "," + string(numbers[1])
}

// quoted returns a value on one line, whatever it holds.
func quoted(value *string) string {
	if value == nil {
		return "-"
	}
	return strconv.Quote(*value)
}

// meter prints progress, at most once in a while.
type meter struct {
	out   io.Writer
	every time.Duration
	next  time.Time
}

// show implements the Progress of a check.
func (m *meter) show(stage mappingcheck.Stage, done, of int) {
	now := time.Now()
	if now.Before(m.next) {
		return
	}
	m.next = now.Add(m.every)
	if of > 0 {
		fmt.Fprintf(m.out, "%s: %d of %d\n", stage, done, of)
		return
	}
	fmt.Fprintf(m.out, "%s: %d\n", stage, done)
}
