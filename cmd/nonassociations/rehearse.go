package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"nonassociations/audit/rehearsal"
	"nonassociations/cmd/internal/app"
	"nonassociations/nomis/mappingcheck"
	"nonassociations/web/shape"
)

// rehearseCmd tries this build on the log before it is released.
type rehearseCmd struct {
	Sample *int   `placeholder:"N" and:"sample" help:"Read only so many pairs."`
	Seed   uint64 `placeholder:"S" and:"sample" help:"Choose the pairs by this number: the same ones of the same log."`
	JSON   bool   `help:"Print one JSON object."`
}

// Help returns the examples that kong prints below the options.
func (rehearseCmd) Help() string {
	return `Examples:
  nonassociations rehearse
  nonassociations rehearse --sample 1000 --seed 7
  nonassociations rehearse --json >rehearsal.json

Run it with the build that is to be released, on the log that it will meet. Every fact is read, every
pair is folded and compared with the read model that answers, and every recorded command is decided
again on the state before it, with its own time, actor and ids. Nothing is written. A decision that
cannot be decided again is only counted: one without a recorded command, and both halves of a merge.
Without DATABASE_URL the development run of DATA_DIR is used, and without one of those the states are
not compared. Values that people wrote are shown as the first 12 hex digits of their SHA-256.

Required: EVENTSTORE_URL. Optional: DATABASE_URL, READ_DATABASE_URL.

Exit status: 0 nothing was found, 1 something was, 2 it could not be judged, 80 wrong usage.`
}

// Validate refuses a sample of no pairs.
func (c rehearseCmd) Validate() error {
	if c.Sample != nil && *c.Sample < 1 {
		return errors.New("--sample must be at least 1")
	}
	return nil
}

// Run rehearses and prints what was found.
func (c rehearseCmd) Run(ctx context.Context) error {
	o, err := logOptions()
	if err != nil {
		return exitError{err, 2}
	}
	asked := app.Rehearsal{Seed: c.Seed, Words: os.Stderr}
	if c.Sample != nil {
		asked.Sample = *c.Sample
	}
	meter := meter{out: os.Stderr, every: 5 * time.Second, next: time.Now().Add(5 * time.Second)}
	asked.Progress = func(stage rehearsal.Stage, done, of int) { meter.show(mappingcheck.Stage(stage), done, of) }
	report, err := app.Rehearse(ctx, o, asked)
	switch {
	case ctx.Err() != nil:
		return exitError{fmt.Errorf("stopped before all was read: %w", ctx.Err()), 2}
	case err != nil:
		return exitError{err, 2}
	}
	if err := c.print(report); err != nil {
		return exitError{err, 2}
	}
	if !report.OK() {
		return exitError{nil, 1} // it was printed
	}
	return nil
}

// print prints one JSON object, or sentences.
func (c rehearseCmd) print(r rehearsal.Report) error {
	if c.JSON {
		return printJSON(rehearsalOf(r))
	}
	for _, sentence := range sentencesOf(r) {
		fmt.Println(sentence)
	}
	return nil
}

// rehearsalOf returns a report as JSON has it.
func rehearsalOf(r rehearsal.Report) shape.Rehearsal {
	out := shape.Rehearsal{OK: r.OK(), Build: app.Version(), Facts: r.Facts, Position: r.Position}
	for _, u := range r.Unreadable {
		out.Unreadable = append(out.Unreadable, shape.UnreadableFact(u))
	}
	out.Decisions = shape.DecisionsCompared{Compared: r.Decisions.Compared, NotDecidable: r.Decisions.NotDecidable}
	for _, d := range r.Decisions.Different {
		different := shape.DifferentDecision{EventID: d.EventID, Stream: d.Stream, Revision: d.Revision, Was: d.Was, Now: d.Now}
		if d.Refused != "" {
			different.Now = "refused: " + d.Refused
		}
		out.Decisions.Different = append(out.Decisions.Different, different)
	}
	if r.States == nil {
		return out
	}
	out.States = &shape.StateComparison{Compared: r.States.Compared}
	for _, d := range r.States.Different {
		out.States.Different = append(out.States.Different, shape.DifferentState{
			Pair: [2]string{string(d.Pair[0]), string(d.Pair[1])}, NonAssociationID: d.NonAssociationID, Field: d.Field, Was: d.Was, Now: d.Now,
		})
	}
	return out
}

// sentencesOf returns a report in words, the most urgent last.
func sentencesOf(r rehearsal.Report) []string {
	sentences := []string{fmt.Sprintf("%d facts were read, up to position %d, by build %s.", r.Facts, r.Position, app.Version())}
	for _, u := range r.Unreadable {
		sentences = append(sentences, fmt.Sprintf("This build cannot read fact %s of type %s at position %d: %s.", u.EventID, u.Type, u.Position, u.Error))
	}
	if r.States != nil {
		sentences = append(sentences, fmt.Sprintf("%d non-associations were compared with the read model, %d fields differ.", r.States.Compared, len(r.States.Different)))
		for _, d := range r.States.Different {
			sentences = append(sentences, stateSentence(d))
		}
	}
	sentences = append(sentences, fmt.Sprintf("%d decisions were decided again, %d come out otherwise. %d cannot be decided again.",
		r.Decisions.Compared, len(r.Decisions.Different), r.Decisions.NotDecidable))
	for _, d := range r.Decisions.Different {
		sentences = append(sentences, decisionSentence(d))
	}
	if r.OK() {
		return append(sentences, "Nothing was found that speaks against a release.")
	}
	return append(sentences, "Do not release this build before each of these is explained.")
}

func stateSentence(d rehearsal.StateDifference) string {
	of := "the pair itself"
	if d.NonAssociationID != nil {
		of = "non-association " + d.NonAssociationID.String()
	}
	return fmt.Sprintf("%s, %s: %s was %v and is %v now.", pairText(d.Pair), of, d.Field, d.Was, d.Now)
}

func decisionSentence(d rehearsal.DecisionDifference) string {
	now := fmt.Sprintf("%v", d.Now)
	switch {
	case d.Refused != "":
		now = "refused: " + d.Refused
	case fmt.Sprint(d.Now) == fmt.Sprint(d.Was):
		now += " with other data"
	}
	return fmt.Sprintf("The decision of fact %s, revision %d of %s, was %v and is %s now.", d.EventID, d.Revision, d.Stream, d.Was, now)
}
