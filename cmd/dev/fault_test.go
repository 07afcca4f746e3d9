package main_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/doubles"
)

// postmaster is the process id of the Postgres of a house.
func (h testRun) postmaster(t require.TestingT) int {
	text, err := os.ReadFile(filepath.Join(h.data, "postgres", "data", "postmaster.pid"))
	require.NoError(t, err)
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	require.NoError(t, err)
	return pid
}

func TestRun_startsAgainWhenAllOfItWasKilled(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	for range 3 {
		running := h.start(t)
		require.NoError(t, running.Process.Kill())
		require.NoError(t, syscall.Kill(h.postmaster(t), syscall.SIGKILL))
		_ = running.Wait() // killed
	}
	h.stop(t, h.start(t))
}

func TestShutdown_endsInTimeThoughPostgresHangs(t *testing.T) {
	h := newTestRun(t)
	running := h.start(t)
	postmaster := h.postmaster(t)
	require.NoError(t, exec.CommandContext(t.Context(), "pkill", "-STOP", "-P", strconv.Itoa(postmaster)).Run())
	require.NoError(t, syscall.Kill(postmaster, syscall.SIGSTOP))
	t.Cleanup(func() { _ = syscall.Kill(postmaster, syscall.SIGKILL) })
	began := time.Now()
	require.NoError(t, running.Process.Signal(syscall.SIGTERM))
	require.NoError(t, running.Wait(), "exit status 0")
	require.Less(t, time.Since(began), 10*time.Second)
	require.ErrorIs(t, syscall.Kill(postmaster, 0), syscall.ESRCH, "nothing is left running")
	h.stop(t, h.start(t))
}

func TestInterrupt_onTheWayToBeingReadyIsNoFailure(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	run := exec.CommandContext(t.Context(), filepath.Join(h.bin, "dev"))
	run.Env = h.environment()
	said := &doubles.Log{}
	run.Stderr = said
	require.NoError(t, run.Start())
	pidFile := filepath.Join(h.data, "postgres", "data", "postmaster.pid")
	require.Eventually(t, func() bool { _, err := os.Stat(pidFile); return err == nil }, time.Minute, time.Millisecond)
	require.NoError(t, run.Process.Signal(os.Interrupt))
	require.NoError(t, run.Wait(), said)
	require.Empty(t, said.String())
	require.NoFileExists(t, pidFile)
}

// TestFolder_ofAnyNameAndAnyPort does what a reader of the announcement would.
func TestFolder_ofAnyNameAndAnyPort(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	h.data, h.port = filepath.Join(filepath.Dir(h.data), "it's 1+1, 100% & #?"), 0
	run := exec.CommandContext(t.Context(), filepath.Join(h.bin, "dev"))
	run.Env = h.environment()
	out, err := run.StdoutPipe()
	require.NoError(t, err)
	run.Stderr = os.Stderr
	require.NoError(t, run.Start())
	t.Cleanup(func() { _ = run.Process.Kill() })
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	requireMetrics(t, lines.Text()+"\n")
	require.True(t, lines.Scan())
	require.Regexp(t, `^screens http://127\.0\.0\.1:\d+$`, lines.Text())
	require.True(t, lines.Scan())
	require.Regexp(t, `^nomis http://127\.0\.0\.1:\d+$`, lines.Text())
	require.True(t, lines.Scan())
	_, err = fmt.Sscanf(lines.Text(), "ready http://127.0.0.1:%d", &h.port)
	require.NoError(t, err, lines.Text())
	require.NotZero(t, h.port)

	command := regexp.MustCompile(`TOKEN=\$\(.*\)$`)
	for lines.Scan() && !command.MatchString(lines.Text()) {
	}
	shell := exec.CommandContext(t.Context(), "sh", "-c", strings.TrimSpace(lines.Text())+`; printf %s "$TOKEN"`)
	shell.Env = []string{"PATH=" + os.Getenv("PATH")}
	token, err := shell.Output()
	require.NoError(t, err, lines.Text())
	response, _ := h.call(t, "GET", "/non-associations/A9109UD", string(token), "")
	require.Equal(t, 200, response.StatusCode)
	h.stop(t, run)
}
