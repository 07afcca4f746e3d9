package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is another process that takes part in a measurement, such as the service.
// ended receives the result of Wait once. A reader that is not the last puts it back.
type process struct {
	name    string
	command *exec.Cmd
	log     string
	ended   chan error
}

// spawn starts a binary. Its output goes to a file of this run, from which an error
// quotes. The environment is this process's own, with the given variables added. The
// caller stops the process.
func (s *harness) spawn(name, binary string, environment []string, args ...string) (*process, error) {
	c := &process{name: name, log: filepath.Join(s.dir, name+".log"), ended: make(chan error, 1)}
	out, err := os.Create(c.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	c.command = exec.Command(binary, args...) //nolint:gosec,noctx // our own binary, ended by stop
	c.command.Env = append(os.Environ(), environment...)
	// Its own group, so that a Ctrl-C reaches this process alone, which stops it in order.
	c.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.command.Stdout, c.command.Stderr = out, out
	if err := c.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() { c.ended <- c.command.Wait() }()
	return c, nil
}

// mostWait is for a slow machine that projects a million facts.
const mostWait = 10 * time.Minute

// ready polls look until it succeeds. Errors: errEnded with the last line of the output
// when the process has ended, and a time-out after mostWait. The poll interval of 5 ms bounds
// the error of the row replay, which measures with it.
func (c *process) ready(ctx context.Context, look func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, mostWait)
	defer cancel()
	for {
		err := look(ctx)
		if err == nil {
			return nil
		}
		select {
		case end := <-c.ended:
			c.ended <- end
			return fmt.Errorf("%s ended (%w): %s", c.name, errors.Join(end, errEnded), c.lastLogLine())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w: %s", c.name, err, c.lastLogLine())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// errEnded marks a process that ended before it was ready.
var errEnded = errors.New("too early")

// lastLogLine returns the end of what the process printed, 1,000 bytes at most, "" for
// none.
func (c *process) lastLogLine() string {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return ""
	}
	text = bytes.TrimSpace(text)
	return string(text[max(0, len(text)-1000):])
}

// stop sends SIGTERM and waits 15 s, then sends SIGKILL. The service itself takes ten
// seconds at most. Errors: an exit status other than 0, or the kill.
func (c *process) stop() error {
	if err := c.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	limit := time.NewTimer(15 * time.Second)
	defer limit.Stop()
	select {
	case err := <-c.ended:
		if err != nil {
			return fmt.Errorf("%s: %w: %s", c.name, err, c.lastLogLine())
		}
		return nil
	case <-limit.C:
		return errors.Join(fmt.Errorf("%s did not end when asked", c.name), c.command.Process.Kill(), <-c.ended)
	}
}

// answers returns a function that fails until the address answers a request with 200.
func answers(address, path, token string) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, http.NoBody)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %d", path, response.StatusCode)
		}
		return nil
	}
}

// freeAddress returns an address on loopback that is free at the moment. Another process
// may take it before it is used, which fails the run and not the numbers.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
