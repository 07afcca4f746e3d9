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

// Stop shuts the server down the fast way (sessions are ended, everything is
// written) and returns when it is gone. When the context ends first it is
// killed the hard way, which loses nothing but the time of a recovery.
func (s *Server) Stop(ctx context.Context) error {
	defer s.release()
	return s.end(ctx, syscall.SIGINT)
}

// Crash ends the server at once, as a fault would, and returns when it is gone.
func (s *Server) Crash(ctx context.Context) error {
	defer s.release()
	return s.end(ctx, syscall.SIGQUIT)
}

// release clears what would otherwise pile up outside the cluster's folder.
func (s *Server) release() {
	if filepath.Dir(s.cluster.sockets) != s.cluster.dir {
		_ = os.RemoveAll(s.cluster.sockets)
	}
	s.lock.Release()
}

func (s *Server) end(ctx context.Context, signal syscall.Signal) error {
	if s.gone() && !s.replaced() {
		return nil
	}
	if err := syscall.Kill(s.pid, signal); err != nil {
		return fmt.Errorf("stop Postgres (pid %d): %w", s.pid, err)
	}
	for !s.gone() {
		select {
		case <-ctx.Done():
			if signal == syscall.SIGQUIT {
				return fmt.Errorf("stop Postgres (pid %d): %w", s.pid, ctx.Err())
			}
			hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return s.end(hard, syscall.SIGQUIT)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// gone tells whether the server has ended, and reaps it when it is our child.
// It asks instead of waiting in a goroutine: one would look like a leak to the
// tests that use this package.
func (s *Server) gone() bool {
	if !s.child {
		return !runs(s.pid, s.cluster.data)
	}
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(s.pid, &status, syscall.WNOHANG, nil)
	return pid == s.pid || err != nil
}

// replaced tells whether somebody has restarted the server by hand, and takes
// the new one for ours.
func (s *Server) replaced() bool {
	pid := readPID(filepath.Join(s.cluster.data, "postmaster.pid"))
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
