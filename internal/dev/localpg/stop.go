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

// The time that the hard ways take, each after the one before it.
const (
	quitTime = 400 * time.Millisecond
	killTime = 400 * time.Millisecond
)

// Stop shuts the server down the fast way (sessions are ended, everything is
// written) and returns when it is gone. When the context ends first it is
// ended the hard way within a second, which loses nothing but the time of a
// recovery.
func (s *Server) Stop(ctx context.Context) error {
	defer s.release()
	return s.end(ctx, syscall.SIGINT)
}

// Crash ends the server at once, as a fault would, and returns when it is gone.
func (s *Server) Crash(ctx context.Context) error {
	defer s.release()
	return s.end(ctx, syscall.SIGQUIT)
}

// cleanUp ends what a start that failed has launched, and lets the folder go.
func (s *Server) cleanUp(ctx context.Context) {
	if !s.child || s.hasEnded() {
		s.lock.Release()
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		s.log.WarnContext(ctx, "a Postgres that did not come up is left running", "error", err)
	}
}

// release clears what would otherwise pile up outside the cluster's folder.
func (s *Server) release() {
	if filepath.Dir(s.cluster.sockets) != s.cluster.dir {
		_ = os.RemoveAll(s.cluster.sockets)
	}
	s.lock.Release()
}

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
	// It hangs, as one does that was suspended. Its children first: without
	// their parent nobody would find them, and they hold its memory.
	s.signalAll(syscall.SIGKILL)
	kill, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTime)
	defer cancel()
	if s.waitEnded(kill) {
		return nil
	}
	return fmt.Errorf("stop Postgres (pid %d): %w", s.pid, kill.Err())
}

// Suspend halts every process of the server where it is, as a disk that hangs
// would, until Resume.
func (s *Server) Suspend() { s.signalAll(syscall.SIGSTOP) }

// Resume lets a suspended server go on.
func (s *Server) Resume() { s.signalAll(syscall.SIGCONT) }

// signalAll reaches the children first: they are found by their parent. That
// one has ended by itself needs no word.
func (s *Server) signalAll(signal syscall.Signal) {
	for _, pid := range append(childrenOf(s.pid), s.pid) {
		_ = syscall.Kill(pid, signal)
	}
}

// waitEnded waits for the end of the server, as long as the context lasts.
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

// hasEnded tells whether the server has ended, and reaps it when it is our child.
// It asks instead of waiting in a goroutine: one would look like a leak to the
// tests that use this package.
func (s *Server) hasEnded() bool {
	if !s.child {
		return !runs(s.pid, s.cluster.data)
	}
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(s.pid, &status, syscall.WNOHANG, nil)
	return pid == s.pid || err != nil
}

// adoptReplacement tells whether somebody has restarted the server by hand, and takes
// the new one for ours.
func (s *Server) adoptReplacement() bool {
	pid := readPID(s.cluster.pidFile())
	if !runs(pid, s.cluster.data) {
		return false
	}
	s.pid, s.child = pid, false
	return true
}

// readPID reads the first line of a postmaster.pid; 0 when there is none.
func readPID(file string) int {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(line))
	return max(pid, 0)
}

// runs tells whether that process is the postmaster of that data directory.
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

// childrenOf lists the processes that a process has begun.
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
