package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/audit/evidence/bundle"
	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
)

// exportCmd writes a bundle for an inquiry or a subject.
type exportCmd struct {
	Prisoner     string `required:"" placeholder:"N" help:"The prisoner number, taken as it is: a number that a merge removed is not replaced."`
	Out          string `required:"" placeholder:"FILE.zip" help:"The file to write. It must not exist."`
	Reason       string `required:"" placeholder:"TEXT" help:"Why, for the bundle and for the record of acts."`
	User         string `required:"" placeholder:"NAME" help:"Who exports, for the record of acts and of views."`
	KnownAt      string `placeholder:"T" help:"As it was known at this time: 2023-07-01, 2023-07-01T09:00 or RFC 3339; now by default."`
	RedactOthers bool   `help:"Withhold the number, the name and the comments of others."`
	Views        bool   `help:"Add who looked at this prisoner."`
	JSON         bool   `help:"Print one JSON object."`
}

// Help returns the examples that kong prints below the options.
func (exportCmd) Help() string {
	return `Examples:
  nonassociations export --prisoner A1234BC --out A1234BC.zip --reason "Inquiry 7" --user JSMITH
  nonassociations export --prisoner A1234BC --out A1234BC.zip --reason "Subject access" --user JSMITH --redact-others --views
  nonassociations export --prisoner A1234BC --out then.zip --reason "Inquiry 7" --user JSMITH --known-at 2023-07-01T09:00

The bundle has every fact about the prisoner with its proof, a page for people, and README.txt, by
which a stranger checks it with sha256sum alone. It is recorded as a view before the file is written.
The file can be read by its owner only. Needs the log and Postgres; EVIDENCE_KEY_FILE, EVIDENCE_OLD_KEYS
and WITNESS_KEY name the public keys that go into it. Without DATABASE_URL the development run of
DATA_DIR is used.

Exit status: 0 written, 1 written, and some facts are covered by no head yet, 2 not written,
80 a wrong command line.`
}

// exported is J7, the answer as JSON.
type exported struct {
	File      string      `json:"file"`
	SHA256    string      `json:"sha256"`
	Facts     int         `json:"facts"`
	Withheld  int         `json:"withheld"`
	Uncovered []uuid.UUID `json:"uncovered"`
	Position  uint64      `json:"position"`
	Head      *headJSON   `json:"head"`
}

// headJSON is a head in answers.
type headJSON struct {
	Size int64  `json:"size"`
	Root string `json:"root"` // base64
}

// Run writes the bundle. Facts that no head covers are status 1.
func (c exportCmd) Run(ctx context.Context) error {
	e, err := c.check()
	if err != nil {
		return exitError{err, exitUsage}
	}
	o, err := options(app.Roles{})
	if err != nil {
		return exitError{err, 2}
	}
	if e.At, err = audit.ParseMoments("", c.KnownAt, "", o.Clock()); err != nil {
		return exitError{fmt.Errorf("--known-at %q: %w", c.KnownAt, errors.Unwrap(audit.MomentErrors(err)[0])), exitUsage}
	}
	made, err := app.ExportBundle(ctx, o, e)
	if err != nil {
		return exitError{err, 2}
	}
	if err := c.print(made); err != nil {
		return exitError{err, 2}
	}
	if n := len(made.Uncovered); n > 0 {
		return exitError{fmt.Errorf("%d of %d facts are covered by no signed head yet; the bundle says which", n, made.Facts), 1}
	}
	return nil
}

// check returns what can be seen to be wrong without opening anything.
func (c exportCmd) check() (app.Export, error) {
	number, err := domain.ParsePrisonerNumber(c.Prisoner)
	if err != nil {
		return app.Export{}, fmt.Errorf("--prisoner %w", err)
	}
	for _, text := range []struct{ name, value string }{{"--reason", c.Reason}, {"--user", c.User}, {"--out", c.Out}} {
		if strings.TrimSpace(text.value) == "" {
			return app.Export{}, errors.New(text.name + " is empty")
		}
	}
	// Whether a time has come is known by the clock of options, so this only parses.
	if c.KnownAt != "" {
		if _, err := audit.ParseMoment(c.KnownAt, time.UTC); err != nil && !errors.Is(err, domain.ErrNoSuchHour) {
			return app.Export{}, fmt.Errorf("--known-at %q %w", c.KnownAt, err)
		}
	}
	return app.Export{
		Number: number, File: c.Out, RedactOthers: c.RedactOthers, Views: c.Views,
		Act: app.Act{User: c.User, Action: "export", Object: "prisoner " + string(number), Reason: c.Reason},
		Say: func(sentence string) { fmt.Fprintln(os.Stderr, sentence) },
	}, nil
}

func (c exportCmd) print(made app.Exported) error {
	if !c.JSON {
		fmt.Printf("Wrote %s: %d facts, SHA-256 %s.\n", made.File, made.Facts, made.SHA256)
		if made.Facts == 0 {
			fmt.Println("The log holds nothing about this prisoner number, and the bundle says so.")
		}
		fmt.Printf("To check it: nonassociations verify bundle %s --key VKEY\n", made.File)
		return nil
	}
	answer := exported{
		File: made.File, SHA256: made.SHA256, Facts: made.Facts, Withheld: made.Withheld, Uncovered: made.Uncovered, Position: made.Position, Head: headOf(made.Head),
	}
	if answer.Uncovered == nil {
		answer.Uncovered = []uuid.UUID{}
	}
	return printJSON(answer)
}

func headOf(h *bundle.Head) *headJSON {
	if h == nil {
		return nil
	}
	return &headJSON{h.Size, base64.StdEncoding.EncodeToString(h.Root[:])}
}
