package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"nonassociations/audit"
	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/web/api"
	"nonassociations/web/shape"
)

// replayCmd shows records as they were.
type replayCmd struct {
	Prisoner numberFlag `placeholder:"N" xor:"of" required:"" help:"The records of this prisoner number."`
	Pair     pairFlag   `placeholder:"A B" xor:"of" required:"" help:"The records of these two, in either order; A,B is the same."`
	TrueAt   *string    `placeholder:"TIME" help:"When it was true; without it --known-at. It may lie in the future."`
	KnownAt  *string    `placeholder:"TIME" help:"When it was known; without it now."`
	ToldAt   *string    `placeholder:"TIME" help:"Also what NOMIS held, by what had been told until then."`
	JSON     bool       `help:"Print one JSON object, the same as GET /audit/prisoner and /audit/pair answer."`
}

// Help returns the examples that kong prints below the options.
func (replayCmd) Help() string {
	return `Examples:
  nonassociations replay --prisoner A1234BC
  nonassociations replay --pair A1234BC D5678EF --known-at 2023-07-01
  nonassociations replay --prisoner A1234BC --true-at "2023-07-01 09:00" --known-at 2023-07-02 --told-at 2023-07-02 --json

The whole log is read, and nothing else: no read model and no index. Nothing is written. A TIME is a
day (2023-07-01, its end in London), a time in London (2023-07-01T09:00) or RFC 3339. Deleted records
are among the answer. The numbers and comments on stdout are personal data; progress goes to stderr.

Variables: EVENTSTORE_URL, and DATABASE_URL where the log lies in it. Without DATABASE_URL the
development run of DATA_DIR is read.

Exit status: 0 also when there is nothing, 2 the log could not be read, 80 wrong usage.`
}

// Validate refuses times that are none, before anything is opened.
func (c *replayCmd) Validate() error {
	zone, err := london()
	if err != nil {
		return err
	}
	_, err = c.moments(time.Now().In(zone))
	return err
}

// moments returns the times of the question.
func (c *replayCmd) moments(now time.Time) (audit.Moments, error) {
	var texts [3]string
	for i, given := range []*string{c.TrueAt, c.KnownAt, c.ToldAt} {
		if given != nil {
			texts[i] = *given
			if *given == "" {
				texts[i] = " " // no time, and not the same as none given
			}
		}
	}
	at, err := audit.ParseMoments(texts[0], texts[1], texts[2], now)
	var faults []error
	for _, refused := range audit.MomentErrors(err) {
		flag := map[string]string{"trueAt": "--true-at", "knownAt": "--known-at", "toldAt": "--told-at"}[refused.Parameter]
		faults = append(faults, fmt.Errorf("%s %w", flag, refused.Err))
	}
	return at, errors.Join(faults...)
}

// Run answers from a scan of the log.
func (c *replayCmd) Run(ctx context.Context) error {
	o, err := logOptions()
	if err != nil {
		return exitError{err, 2}
	}
	now := o.Clock()
	question := api.AsOfQuestion{Number: c.Prisoner.PrisonerNumber, Pair: c.Pair.Pair}
	if question.At, err = c.moments(now); err != nil {
		return exitError{err, 2}
	}
	scanned := scanMeter{next: time.Now().Add(scanEvery)}
	found, err := app.ReplayAsOf(ctx, o, question, scanned.show)
	if err != nil {
		return exitError{err, 2}
	}
	if c.JSON {
		text, err := api.AsOfAnswer(question, found.Records, found.Position, found.Head, now.Location())
		if err != nil {
			return exitError{err, 2}
		}
		fmt.Println(string(domain.Escaped(text)))
		return nil
	}
	return c.print(question, found, now.Location())
}

// print writes the answer as sentences and a table.
func (c *replayCmd) print(question api.AsOfQuestion, found app.Replayed, zone *time.Location) error {
	of, flags := string(question.Number), "--prisoner "+string(question.Number)
	if c.Pair.given {
		numbers := question.Pair.Numbers()
		of = string(numbers[0]) + " and " + string(numbers[1])
		flags = "--pair " + string(numbers[0]) + " " + string(numbers[1])
	}
	trueAt, knownAt := shape.Recorded(question.At.True.At, zone), shape.Recorded(question.At.Known.At, zone)
	flags += " --true-at " + trueAt + " --known-at " + knownAt
	fmt.Printf("Records of %s as they were at %s, as known at %s: %d.\n", of, trueAt, knownAt, len(found.Records))
	if at := question.At.Told; at != nil {
		told := shape.Recorded(at.At, zone)
		fmt.Printf("What NOMIS held is as told until %s.\n", told)
		flags += " --told-at " + told
	}
	if len(found.Records) > 0 {
		if err := printRecords(found.Records, question.At.Told != nil, zone); err != nil {
			return err
		}
	}
	fmt.Printf("The log holds %d facts up to position %d; all were read.\n", found.Facts, found.Position)
	fmt.Printf("For everything that is known of them: nonassociations replay %s --json\n", flags)
	return nil
}

// printRecords writes a line for each record.
func printRecords(records []audit.RecordAsOf, told bool, zone *time.Location) error {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	head := []string{"STATE", "PAIR", "FROM", "UNTIL", "REASON", "APART", "LAST CHANGED", "BY", "COMMENT"}
	if told {
		head = append(head, "NOMIS HELD")
	}
	fmt.Fprintln(out, strings.Join(head, "\t"))
	for _, r := range records {
		n, until := r.NonAssociation, "-"
		if n.ExpiryDate != nil {
			until = string(*n.ExpiryDate)
		}
		line := []string{
			stateText(r), pairText(r.Pair.Numbers()), string(n.EffectiveDate), until, string(n.Reason), string(n.Restriction),
			shape.Recorded(r.LastFact.RecordedAt, zone), r.LastFact.Meta.Actor, quoted(n.Comment),
		}
		if told {
			line = append(line, heldText(r.NOMIS))
		}
		fmt.Fprintln(out, strings.Join(line, "\t"))
	}
	return out.Flush()
}

// stateText says that a record was deleted or where it went before all else.
func stateText(r audit.RecordAsOf) string {
	switch {
	case r.Deleted != nil:
		return "DELETED by " + r.Deleted.By
	case r.MovedTo != nil:
		return "MOVED to " + pairText(r.MovedTo.Numbers())
	default:
		return string(r.State)
	}
}

// heldText says in short what NOMIS held.
func heldText(held *audit.HeldAsOf) string {
	if held == nil || held.Nothing() {
		return "nothing"
	}
	text := "from " + quoted(held.Values[domain.DetailEffectiveDate]) + " until " + quoted(held.Values[domain.DetailExpiryDate])
	if held.TypeSequence != 0 {
		text = fmt.Sprintf("sequence %d, %s", held.TypeSequence, text)
	}
	return text
}

// scanEvery is how often a reading of the log says how far it is.
const scanEvery = 2 * time.Second

// scanMeter prints how far a reading of the log is.
type scanMeter struct{ next time.Time }

func (m *scanMeter) show(facts int, at eventstore.Position) {
	if now := time.Now(); !now.Before(m.next) {
		m.next = now.Add(scanEvery)
		fmt.Fprintf(os.Stderr, "read %d facts, up to position %d\n", facts, at.Uint64())
	}
}
