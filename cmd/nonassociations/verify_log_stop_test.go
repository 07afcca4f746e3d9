package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestVerifyLog_thatIsInterruptedExitsWith2: nothing was judged, and nothing is on stdout.
func TestVerifyLog_thatIsInterruptedExitsWith2(t *testing.T) {
	s := newSignedLog(t)
	_, err := s.conn.Exec(t.Context(), `BEGIN; LOCK TABLE evidence.leaf IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		command := exec.CommandContext(t.Context(), os.Args[0], "verify", "log", "--json", "--key", s.key.VKey)
		command.Dir = t.TempDir()
		command.Env = []string{asProgram + "=yes", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "DATABASE_URL=" + s.dsn, "EVENTSTORE_URL=" + s.dsn}
		var out, errs strings.Builder
		command.Stdout, command.Stderr = &out, &errs
		require.NoError(t, command.Start())
		require.Eventually(t, func() (waits bool) {
			const sql = `SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'evidence.leaf'::regclass AND NOT granted)`
			return s.conn.QueryRow(t.Context(), sql).Scan(&waits) == nil && waits
		}, time.Minute, 20*time.Millisecond, "it reads the leaves")
		require.NoError(t, command.Process.Signal(signal))
		_ = command.Wait() // how it ended is its exit status
		require.Equal(t, 2, command.ProcessState.ExitCode(), errs.String())
		require.Contains(t, errs.String(), "interrupted: nothing was judged")
		require.Empty(t, out.String())
	}
	_, err = s.conn.Exec(t.Context(), `ROLLBACK`)
	require.NoError(t, err)
}
