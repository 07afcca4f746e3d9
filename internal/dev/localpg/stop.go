package localpg

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The time for the harder signals, each after the one before it has failed.
const (
	quitTime = 400 * time.Millisecond
	killTime = 400 * time.Millisecond
)

// cleanUpTime is for a server that is still starting, which ends when it has started.
const cleanUpTime = 5 * time.Second

// Stop shuts the server down in fast mode: sessions are ended and everything is written.
// It returns when the process has ended. When ctx ends first the server is killed within
// a second, which costs a recovery at the next start and loses nothing.
func (s *Server) Stop(ctx context.Context) error {
	defer s.release()
	return s.end(ctx, syscall.SIGINT)
}

// Crash ends the server at once, as a fault would, and returns when it has ended.
func (s *Server) Crash(ctx context.Context) error {
	defer s.release()
	return s.end(ctx, syscall.SIGQUIT)
}

// cleanUp ends what a failed start has launched, and releases the folder.
func (s *Server) cleanUp(ctx context.Context) {
	if !s.child || s.hasEnded() {
		s.lock.Release()
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		s.log.WarnContext(ctx, "a Postgres that did not start is left running", "error", err)
	}
}

// release removes what lies outside the cluster's folder, and releases the lock.
func (s *Server) release() {
	if filepath.Dir(s.cluster.sockets) != s.cluster.dir {
		_ = os.RemoveAll(s.cluster.sockets)
	}
	s.lock.Release()
}

// end sends the signal, then SIGQUIT, then SIGKILL, until the server has ended.
func (s *Server) end(ctx context.Context, signal syscall.Signal) error {
	if s.hasEnded() && !s.adoptReplacement() {
		return nil
	}
	if err := syscall.Kill(s.pid, signal); err != nil {
		return fmt.Errorf("stop Postgres (pid %d): %w", s.pid, err)
	}
	if s.waitEnded(ctx) {
		return nil
	}
	quit, cancel := context.WithTimeout(context.WithoutCancel(ctx), quitTime)
	defer cancel()
	_ = syscall.Kill(s.pid, syscall.SIGQUIT) // that it has ended meanwhile is seen below
	if s.waitEnded(quit) {
		return nil
	}
	// It hangs, like one that was suspended. The children are killed first: they
	// hold its shared memory and cannot be found without their parent.
	s.signalAll(syscall.SIGKILL)
	kill, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTime)
	defer cancel()
	if s.waitEnded(kill) {
		return nil
	}
	return fmt.Errorf("stop Postgres (pid %d): %w", s.pid, kill.Err())
}

// Suspend halts every process of the server until Resume, like a disk that hangs.
func (s *Server) Suspend() { s.signalAll(syscall.SIGSTOP) }

// Resume continues a suspended server.
func (s *Server) Resume() { s.signalAll(syscall.SIGCONT) }

// signalAll signals the children first, because they are found by their parent.
func (s *Server) signalAll(signal syscall.Signal) {
	for _, pid := range append(childrenOf(s.pid), s.pid) {
		_ = syscall.Kill(pid, signal)
	}
}

// waitEnded waits for the end of the server as long as ctx lasts, and reports whether it
// came.
func (s *Server) waitEnded(ctx context.Context) bool {
	for !s.hasEnded() {
		select {
		case <-ctx.Done():
			return s.hasEnded()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return true
}

// hasEnded reports whether the server has ended, and reaps it when it is our child. It
// polls instead of waiting in a goroutine, which the tests that use this package would
// report as a leak.
func (s *Server) hasEnded() bool {
	if !s.child {
		return !runs(s.pid, s.cluster.data)
	}
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(s.pid, &status, syscall.WNOHANG, nil)
	return pid == s.pid || err != nil
}

// adoptReplacement reports whether the server was restarted by hand, with pg_ctl for
// example, and takes the new process for this server.
func (s *Server) adoptReplacement() bool {
	pid := readPID(s.cluster.pidFile())
	if !runs(pid, s.cluster.data) {
		return false
	}
	s.pid, s.child = pid, false
	return true
}

// readPID returns the process id in a postmaster.pid, 0 when there is none.
func readPID(file string) int {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(line))
	return max(pid, 0)
}

// runs reports whether that process is the postmaster of that data directory. The id
// alone does not prove it: after a reboot the same number may belong to any program.
func runs(pid int, data string) bool {
	if pid <= 0 {
		return false
	}
	args, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err == nil {
		return bytes.Contains(args, []byte("\x00"+data+"\x00"))
	}
	if _, err := os.Stat("/proc/self"); err == nil {
		return false
	}
	out, err := exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), data)
}

// childrenOf returns the process ids of a process's children.
func childrenOf(pid int) []int {
	out, _ := exec.Command("ps", "-e", "-o", "pid=,ppid=").Output() // none are found where there is no ps
	var children []int
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) == 2 && fields[1] == strconv.Itoa(pid) {
			child, _ := strconv.Atoi(fields[0])
			children = append(children, child)
		}
	}
	return children
}
