package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// errLacks marks a command that the service's binary does not have.
var errLacks = errors.New("this build has no such command")

// exitUsage is the exit status of a wrong command line.
const exitUsage = 80

// command runs a command of the service to its end, and returns what it printed on stdout.
// Its processor time counts as the service's, its memory is the most that it had. An exit
// status other than 0 is an error with the end of stderr, 80 is errLacks.
func (s *harness) command(ctx context.Context, environment []string, args ...string) (worked, []byte, error) {
	c := exec.CommandContext(ctx, s.Binary, args...) //nolint:gosec // our own binary
	var out, said bytes.Buffer
	c.Stdout, c.Stderr, c.Env = &out, &said, append(os.Environ(), environment...)
	before, began := s.used(), time.Now()
	if err := c.Start(); err != nil {
		return worked{}, nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	var m worked
	for {
		select {
		case err := <-ended:
			m.seconds, m.cpu = time.Since(began).Seconds(), s.used().minus(before)
			m.cpu.service = c.ProcessState.UserTime().Seconds() + c.ProcessState.SystemTime().Seconds()
			if c.ProcessState.ExitCode() == exitUsage {
				return m, nil, fmt.Errorf("%v: %w", args, errLacks)
			}
			if err != nil {
				text := bytes.TrimSpace(said.Bytes())
				err = fmt.Errorf("%v: %w: %s", args, err, text[max(0, len(text)-1000):])
			}
			return m, out.Bytes(), err
		case <-time.After(5 * time.Millisecond):
			// The last milliseconds are not seen: a command's memory does not double in them.
			if peak, err := peakMemory(c.Process.Pid); err == nil {
				m.peak = max(m.peak, peak)
			}
		}
	}
}
