package main

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"nonassociations/projections/rebuild"
)

// A line is written so often where there is no terminal. The first one comes as soon as
// a rate can be told.
const (
	firstLine = time.Second
	lineEvery = 5 * time.Second
)

// progress shows how far a rebuild is on stderr: as a bar on a terminal, else as lines.
type progress struct {
	bar      *progressbar.ProgressBar // nil where there is no terminal
	stage    string
	begun    time.Time // of the stage
	first    uint64    // facts when the stage began
	nextLine time.Time
}

func newProgress() *progress {
	if !isTerminal(os.Stderr) {
		return &progress{}
	}
	return &progress{bar: progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("facts"), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond))}
}

// isTerminal reports whether a file is one.
func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show takes the next step of the work.
func (p *progress) show(now rebuild.Progress) {
	if now.Stage != p.stage {
		p.stage, p.begun, p.first, p.nextLine = now.Stage, time.Now(), now.Facts, time.Now().Add(firstLine)
		if p.bar == nil {
			fmt.Fprintf(os.Stderr, "rebuild: %s\n", now.Stage)
		} else {
			p.bar.Describe(now.Stage)
		}
	}
	if p.bar != nil {
		if now.Of > 0 {
			p.bar.ChangeMax64(int64(now.Of))  //nolint:gosec // facts stay below 2⁶³
			_ = p.bar.Set64(int64(now.Facts)) //nolint:gosec // as above; a terminal that is gone changes nothing
		}
		return
	}
	if now.Of == 0 || time.Now().Before(p.nextLine) {
		return
	}
	p.nextLine = time.Now().Add(lineEvery)
	rate := float64(now.Facts-min(p.first, now.Facts)) / time.Since(p.begun).Seconds()
	left := "unknown"
	if rate > 0 {
		left = time.Duration(float64(now.Of-now.Facts) / rate * float64(time.Second)).Round(time.Second).String()
	}
	fmt.Fprintf(os.Stderr, "rebuild: %s, %d of %d facts, %.0f a second, %s left\n", now.Stage, now.Facts, now.Of, rate, left)
}

// end leaves the line of the bar.
func (p *progress) end() {
	if p.bar != nil && p.stage != "" {
		fmt.Fprintln(os.Stderr)
	}
}
