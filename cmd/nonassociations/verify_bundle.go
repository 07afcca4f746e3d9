package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/google/uuid"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/bundle"
)

// verifyBundleCmd checks a bundle. It needs no variable and no network.
type verifyBundleCmd struct {
	File string   `arg:"" placeholder:"FILE.zip" help:"The bundle."`
	Key  []string `required:"" sep:"none" placeholder:"VKEY" help:"A public key of the log, from somebody else than the sender of the bundle. May be given several times."`
	JSON bool     `help:"Print one JSON object."`
}

// Help returns the examples that kong prints below the options.
func (verifyBundleCmd) Help() string {
	return `Examples:
  nonassociations verify bundle A1234BC.zip --key "$(cat key.txt)"
  nonassociations verify bundle A1234BC.zip --key VKEY --key OLDER_VKEY --json

It checks the sum of each file, the signature of the head, each proof and each leaf, and the bytes of
each fact that has them. Nothing else is opened or asked.

Exit status: 0 all good, 1 something is wrong, 2 it could not be judged: the file is no bundle, or none
of the keys has signed it; 80 a wrong command line.`
}

// bundleJSON is J5, the answer as JSON.
type bundleJSON struct {
	OK            bool          `json:"ok"`
	Facts         int           `json:"facts"`
	Proven        int           `json:"proven"`
	ExistenceOnly int           `json:"existenceOnly"`
	Gaps          []gapJSON     `json:"gaps"`
	Files         filesJSON     `json:"files"`
	Problems      []problemJSON `json:"problems"`
}

type gapJSON struct {
	Stream string  `json:"stream"`
	After  *uint64 `json:"after"`
	Before uint64  `json:"before"`
}

type filesJSON struct {
	Checked int `json:"checked"`
	Good    int `json:"good"`
}

// problemJSON has the keys of a problem of verify log.
type problemJSON struct {
	Kind      bundle.Kind `json:"kind"`
	Index     *int64      `json:"index"`
	EventID   *uuid.UUID  `json:"eventId"`
	Stream    *string     `json:"stream"`
	Revision  *uint64     `json:"revision"`
	Parts     []string    `json:"parts"`
	FirstHead *headJSON   `json:"firstHead"` // always null: a bundle has one head
}

// Run checks the bundle.
func (c verifyBundleCmd) Run() error {
	keys, err := evidence.ParseKeys(c.Key)
	if err != nil {
		return exitError{fmt.Errorf("--key: %w", err), exitUsage}
	}
	file, err := os.Open(c.File)
	if err != nil {
		return exitError{fmt.Errorf("open the bundle: %w", err), 2}
	}
	defer func() { _ = file.Close() }() // nothing was written
	info, err := file.Stat()
	if err != nil {
		return exitError{fmt.Errorf("open the bundle: %w", err), 2}
	}
	found, err := bundle.Verify(file, info.Size(), keys)
	if err != nil {
		return exitError{err, 2}
	}
	if err := c.print(found); err != nil {
		return exitError{err, 2}
	}
	if !found.OK() {
		return exitError{errors.New("the bundle is not what was exported"), 1}
	}
	return nil
}

func (c verifyBundleCmd) print(r bundle.Result) error {
	if c.JSON {
		return printJSON(bundleAnswer(r))
	}
	fmt.Printf("%d facts: of %d the content is proven, of %d that they are there, and %d are covered by no head.\n", r.Facts, r.Proven, r.ExistenceOnly, r.Unproven)
	for _, g := range r.Gaps {
		after := "from its beginning"
		if g.After != nil {
			after = fmt.Sprintf("after revision %d", *g.After)
		}
		fmt.Printf("Of the stream %s, what comes %s and before revision %d is not in the bundle.\n", g.Stream, after, g.Before)
	}
	fmt.Printf("%d of %d files are as SHA256SUMS says.\n", r.Good, r.Files)
	for _, name := range r.BadFiles {
		fmt.Printf("%q is not.\n", name)
	}
	for _, p := range r.Problems {
		at := ""
		if p.Index != nil {
			at = fmt.Sprintf(" fact %d", *p.Index)
		}
		fmt.Printf("%s%s: %s\n", p.Kind, at, p.Words)
	}
	return nil
}

func bundleAnswer(r bundle.Result) bundleJSON {
	answer := bundleJSON{
		OK: r.OK(), Facts: r.Facts, Proven: r.Proven, ExistenceOnly: r.ExistenceOnly, Files: filesJSON{r.Files, r.Good},
		Gaps: []gapJSON{}, Problems: []problemJSON{},
	}
	for _, g := range r.Gaps {
		answer.Gaps = append(answer.Gaps, gapJSON(g))
	}
	for _, p := range r.Problems {
		if p.Parts == nil {
			p.Parts = []string{}
		}
		answer.Problems = append(answer.Problems, problemJSON{p.Kind, p.Index, p.EventID, p.Stream, p.Revision, p.Parts, nil})
	}
	return answer
}
