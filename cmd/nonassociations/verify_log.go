package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/archive"
	"nonassociations/audit/evidence/logcheck"
	"nonassociations/cmd/internal/app"
)

// verifyLogCmd compares the log with what was kept of it.
type verifyLogCmd struct {
	Key     []vkey   `sep:"none" placeholder:"VKEY" help:"Known public key, of the log or a witness; several times for several. Default: EVIDENCE_KEY_FILE, EVIDENCE_OLD_KEYS, WITNESS_KEY."`
	From    sizeFlag `placeholder:"SIZE" help:"Trust the tree of the kept head of this size, and check what comes after it."`
	Against string   `placeholder:"FILE|URL" help:"Compare with a checkpoint from outside, or with that in a .tlog-proof; then the log alone is needed."`
	Archive string   `placeholder:"DIR" help:"Name what is gone from an archive; without --against its own checkpoint counts."`
	JSON    bool     `name:"json" help:"Print one JSON object."`
}

// Help returns the examples that kong prints below the options.
func (verifyLogCmd) Help() string {
	return `Examples:
  nonassociations verify log
  nonassociations verify log --from 120000 --json
  nonassociations verify log --against /mnt/archive/checkpoint
  nonassociations verify log --archive /mnt/archive
  nonassociations verify log --against https://witness.example/checkpoint --key … --key …

The whole log is read. Each fact is compared with the leaf that was kept of it, the leaves with every
signed head, and the heads with their signatures. Nothing is changed, and nothing has to be stopped.
Kinds of what is wrong: CHANGED, MISSING, ADDED, MOVED, HEAD, COSIGNATURE, FORK; what to do about each is
in docs/runbooks/CheckFailed.md. A log that was restored has to be compared with --against: what was
restored with it is as old as it.

Variables: EVENTSTORE_URL, DATABASE_URL, EVIDENCE_KEY_FILE, EVIDENCE_OLD_KEYS, WITNESS_KEY; of --against
with a URL also NONASSOCIATIONS_TOKEN. Without DATABASE_URL those of the development run of DATA_DIR.

Exit status: 0 nothing is wrong, 1 something is, 2 it could not be judged, or was interrupted.`
}

// sizeFlag is the size of a head: 1 or more, 0 when it is not given.
type sizeFlag int64

// Validate refuses a size that no head has.
func (f sizeFlag) Validate() error {
	if f < 0 {
		return errors.New("is the size of a head, 1 or more")
	}
	return nil
}

// Validate refuses to trust a part of the log where all of it has to be judged.
func (c verifyLogCmd) Validate() error {
	if c.From > 0 && (c.Against != "" || c.Archive != "") {
		return errors.New("--from cannot be used together with --against or --archive, which need the whole log")
	}
	return nil
}

// Run compares, and fails with status 1 when something is wrong.
func (c verifyLogCmd) Run(ctx context.Context) error {
	found, err := c.check(ctx)
	if err != nil {
		return exitError{err, 2}
	}
	return printJudged(found, logInWords, c.JSON, found.OK, "the log is not what was signed", json.FormatNilSliceAsNull(true))
}

func (c verifyLogCmd) check(ctx context.Context) (logcheck.Result, error) {
	environment := app.CommandEnvironment()
	keys, err := app.KnownKeys(environment, keysOf(c.Key))
	if err != nil {
		return logcheck.Result{}, err
	}
	meter := &checkMeter{}
	asked := app.LogCheck{Keys: keys, From: int64(c.From), Expect: meter.expect, Progress: meter.show}
	read := func() (app.Options, error) { return options(app.Roles{}) }
	if c.Against != "" {
		if asked.Against, err = readCheckpoint(ctx, environment, c.Against); err != nil {
			return logcheck.Result{}, err
		}
		read = logOptions
	}
	if c.Archive != "" {
		folder, err := archive.Open(c.Archive)
		if err != nil {
			return logcheck.Result{}, err
		}
		asked.Archive, asked.Against, read = folder, cmp.Or(asked.Against, folder.Checkpoint), logOptions
		if asked.Against == "" {
			return logcheck.Result{}, errors.New("the archive has no checkpoint yet: give one by --against")
		}
	}
	o, err := read()
	if err != nil {
		return logcheck.Result{}, err
	}
	found, err := app.VerifyLog(ctx, o, asked)
	if ctx.Err() != nil {
		return logcheck.Result{}, errors.New("interrupted: nothing was judged")
	}
	return found, err
}

// checkpointTime bounds the question for a checkpoint.
const checkpointTime = 30 * time.Second

// readCheckpoint reads a checkpoint from a file or a URL. A URL is asked with the token in
// NONASSOCIATIONS_TOKEN, if there is one.
func readCheckpoint(ctx context.Context, environment map[string]string, from string) (string, error) {
	if !strings.HasPrefix(from, "http://") && !strings.HasPrefix(from, "https://") {
		text, err := readSmall(from)
		return string(text), err
	}
	if err := app.CheckCalled(environment, "--against", from); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, checkpointTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return "", errors.New("--against is not a URL that can be asked")
	}
	if token := os.Getenv("NONASSOCIATIONS_TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("ask for the checkpoint: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("ask for the checkpoint: the answer is %s", answer.Status)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, evidence.MaxProof+1))
	if err != nil {
		return "", fmt.Errorf("read the checkpoint: %w", err)
	}
	return string(text), nil
}

// checkMeter prints how far a check is.
type checkMeter struct {
	expected    int64
	begun, next time.Time
}

func (m *checkMeter) expect(e logcheck.Expected) {
	m.expected, m.begun = e.Facts, time.Now()
	m.next = m.begun.Add(scanEvery)
	fmt.Fprintf(os.Stderr, "checking %d signed facts and those behind them: about %s\n", e.Facts, max(e.Time, time.Second).Round(time.Second))
}

func (m *checkMeter) show(facts int64) {
	now := time.Now()
	if now.Before(m.next) {
		return
	}
	m.next = now.Add(scanEvery)
	rate := float64(facts) / now.Sub(m.begun).Seconds()
	left := time.Duration(float64(max(m.expected-facts, 0)) / rate * float64(time.Second))
	fmt.Fprintf(os.Stderr, "checked %d of %d facts, %.0f a second, %s left\n", facts, max(m.expected, facts), rate, left.Round(time.Second))
}
