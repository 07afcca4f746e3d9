package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// startTime is long enough for the recovery after a kill of a busy server.
	startTime     = 60 * time.Second
	relaunchPause = 500 * time.Millisecond
)

// initialise makes the cluster beside its final place and renames it, so that a
// kill on the way leaves nothing half made.
func (s *Server) initialise(ctx context.Context) error {
	if s.cluster.version() != "" {
		return nil
	}
	fresh := s.cluster.data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	args := []string{"-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C"}
	if !s.options.Durable || s.options.Templates != "" {
		args = append(args, "--no-sync")
	}
	template := s.template(args)
	if template == "" || copyTree(ctx, template, fresh) != nil {
		if err := s.initdb(ctx, fresh, args); err != nil {
			return err
		}
		saveTemplate(ctx, fresh, template)
	}
	s.log.InfoContext(ctx, "made a Postgres cluster", "dir", s.cluster.dir)
	return os.Rename(fresh, s.cluster.data)
}

// initdb makes a cluster in fresh. Its children are ended with it when ctx ends.
func (s *Server) initdb(ctx context.Context, fresh string, args []string) error {
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	cmd := s.command(ctx, "initdb", append([]string{"-D", fresh}, args...)...)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // it has children
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLine(out))
	}
	return nil
}

// boot returns once the server answers. A server of this cluster that is running is
// adopted, one that is starting or stopping is waited for, and otherwise a server is
// launched. It is launched again when it ends at once, as it does while a backend of a
// killed server still holds the shared memory.
func (s *Server) boot(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	var reason string // of the last server that ended instead of answering
	for {
		err := s.checkServer(ctx)
		if err == nil {
			return nil
		}
		wait := 15 * time.Millisecond
		switch ended, err := s.ensureProcess(ctx); {
		case err != nil:
			return err
		case ended:
			// A backend of the one before may be dying still, and hold its memory.
			reason, wait = s.lastLogLine(), relaunchPause
			s.log.WarnContext(ctx, "Postgres did not start, retrying", "reason", reason, "log", s.cluster.logFile)
		}
		select {
		case <-ctx.Done():
			if reason != "" {
				return fmt.Errorf("the server ended at once: %s (log: %s): %w", reason, s.cluster.logFile, ctx.Err())
			}
			return fmt.Errorf("no answer: %w", err)
		case <-time.After(wait):
		}
	}
}

// ensureProcess launches the server unless one of this cluster is alive. It reports
// whether the one that it launched before has ended.
func (s *Server) ensureProcess(ctx context.Context) (ended bool, err error) {
	if s.child {
		s.child = !s.hasEnded()
		return !s.child, nil
	}
	if pid := readPID(s.cluster.pidFile()); pid > 0 && runs(pid, s.cluster.data) {
		return false, nil
	}
	// What a kill, a power cut or a restarted container leaves may name an
	// unrelated process, and Postgres would then refuse to start for ever.
	for _, stale := range []string{s.cluster.pidFile(), s.cluster.socketLock()} {
		if err := os.Remove(stale); err != nil && !errors.Is(err, os.ErrNotExist) {
			return false, err
		}
	}
	return false, s.launch(ctx)
}

// launch starts the postgres process. The process outlives the call, and this program
// too when that is killed.
func (s *Server) launch(ctx context.Context) error {
	log, err := os.OpenFile(s.cluster.logFile, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	if err := log.Chown(s.cluster.uid(), -1); err != nil { // for pg_ctl, by hand
		return err
	}
	// No TCP port: the socket's folder decides who may connect. 300 connections are for
	// tests that run several whole services on one server.
	args := []string{
		"-D", s.cluster.data, "-k", s.cluster.sockets, "-p", "5432",
		"-c", "listen_addresses=", "-c", "max_connections=300", "-c", "unix_socket_permissions=0700",
	}
	if !s.options.Durable {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	// Not bound to ctx: the server outlives the call that starts it.
	cmd := s.command(context.WithoutCancel(ctx), "postgres", args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	s.pid, s.child = cmd.Process.Pid, true
	s.log.InfoContext(ctx, "launched Postgres", "pid", s.pid, "dir", s.cluster.dir)
	return nil
}

// command prepares a program to run as the server's user. It has its own process group,
// which the terminal's Ctrl-C does not reach, and a working directory that this user may
// read.
func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.Dir = s.cluster.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + s.cluster.dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cluster.credential, Setpgid: true}
	return cmd
}

// checkServer connects and verifies that the server which answers runs this cluster.
func (s *Server) checkServer(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var data string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&data); err != nil {
		return err
	}
	if data != s.cluster.data {
		return fmt.Errorf("a server of another cluster, %s, answers at %s", data, s.cluster.sockets)
	}
	if !s.child {
		s.pid = readPID(s.cluster.pidFile())
		s.log.InfoContext(ctx, "adopted a running Postgres", "pid", s.pid, "dir", s.cluster.dir)
	}
	return nil
}

// lastLogLine returns why the server ended: the first fatal line of its log, else the
// last line.
func (s *Server) lastLogLine() string {
	text, _ := os.ReadFile(s.cluster.logFile) // a log that cannot be read has no lines
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "FATAL:") || strings.Contains(line, "PANIC:") {
			return strings.TrimSpace(line)
		}
	}
	return lastLine(text)
}

// lastLine returns the last line of a text.
func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
