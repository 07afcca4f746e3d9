package main

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRebuild_killedInTheMiddleIsTakenUp: the command is killed when its part is whole
// and not compared yet. What answered still does, and the next command uses the part.
func TestRebuild_killedInTheMiddleIsTakenUp(t *testing.T) {
	conn, _ := record(t)
	projectedOnce(t, os.Getenv("DATABASE_URL"))
	t.Setenv(asProgram, "yes")
	holding, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = holding.Exec(t.Context(), `LOCK TABLE read_1.prisoner IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	killed := exec.Command(self, "rebuild", "--json") // --json counts no rows beforehand
	require.NoError(t, killed.Start())
	t.Cleanup(func() { end(killed) })
	parts := func() (n int) {
		require.NoError(t, holding.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
			WHERE application_name = 'rebuild' AND NOT granted AND datname = current_database()`).Scan(&n))
		return n
	}
	require.Eventually(t, func() bool { return parts() > 0 }, time.Minute, poll, "it waits to compare")
	end(killed)
	require.NoError(t, holding.Rollback(t.Context()))
	var version int
	var part string
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT version, to_regclass('read_2.prisoner')::text FROM read.checkpoint`).Scan(&version, &part))
	require.Equal(t, 1, version)
	require.Equal(t, "read_2.prisoner", part)
	// The session of the killed command ends when Postgres notices.
	require.Eventually(t, func() bool {
		_, status := printed(t, "rebuild", "--json")
		return status == 0
	}, time.Minute, poll)
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT version, to_regclass('read_3.prisoner') IS NULL FROM read.checkpoint`).Scan(&version, new(bool)))
	require.Equal(t, 2, version)
}

// TestVerifyReadModel_showsValuesOnATerminalAlone: into a pipe go digits.
func TestVerifyReadModel_showsValuesOnATerminalAlone(t *testing.T) {
	conn, _ := record(t)
	projectedOnce(t, os.Getenv("DATABASE_URL"))
	_, err := conn.Exec(t.Context(), `INSERT INTO read_1.prisoner VALUES ('A1234BC', '{"comments":"secret"}', '')`)
	require.NoError(t, err)
	text, status := printed(t, "verify", "read-model", "--show-values", "--json")
	require.Equal(t, 1, status)
	require.Contains(t, text, "A1234BC")
	require.NotContains(t, text, "secret")
}
