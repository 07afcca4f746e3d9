package testdb_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/internal/dev/testdb"
)

func TestMain(m *testing.M) {
	if os.Getenv("TESTDB_DIE") != "" {
		die()
	}
	goleak.VerifyTestMain(m)
}

// die makes a database as a test would, tells where, and is then killed.
func die() {
	testdb.New(&testing.T{})
	os.Stdout.WriteString("ready\n")
	select {}
}

func TestNew_givesEachTestAnEmptyDatabaseOfItsOwn(t *testing.T) {
	one, two := testdb.New(t), testdb.New(t)
	require.NotEqual(t, one, two)
	run(t, one, "CREATE TABLE here (n int)")
	run(t, two, "CREATE TABLE here (n int)")
}

func TestNew_dropsTheDatabaseThoughAConnectionIsLeft(t *testing.T) {
	var dsn string
	t.Run("leaves one", func(t *testing.T) {
		dsn = testdb.New(t)
		_, err := pgx.Connect(t.Context(), dsn)
		require.NoError(t, err)
	})
	_, err := pgx.Connect(t.Context(), dsn)
	require.ErrorContains(t, err, "does not exist")
}

func TestServer_keepsAddressAndDataOverCrashAndStop(t *testing.T) {
	server := testdb.NewServer(t)
	run(t, server.DSN(), "CREATE TABLE kept (n int)")
	server.Crash(t)
	_, err := pgx.Connect(t.Context(), server.DSN())
	require.Error(t, err)
	server.Start(t)
	run(t, server.DSN(), "INSERT INTO kept VALUES (1)")
	server.Stop(t)
	server.Start(t)
	run(t, server.DSN(), "INSERT INTO kept VALUES (2)")
}

func TestKilledTestProcess_leavesNothingBehind(t *testing.T) {
	temp := t.TempDir()
	require.NoError(t, os.Chmod(temp, 0o755))
	require.NoError(t, os.Chmod(filepath.Dir(temp), 0o755))
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "TESTDB_DIE=1", "TMPDIR="+temp, testdb.Variable+"=")
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	said := make([]byte, 5)
	_, err = out.Read(said)
	require.NoError(t, err)
	require.Equal(t, "ready", string(said))
	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())
	require.Eventually(t, func() bool {
		left, err := os.ReadDir(temp)
		return err == nil && len(left) == 0
	}, 20*time.Second, 20*time.Millisecond)
	ps, _ := exec.Command("ps", "-eo", "args").Output()
	require.NotContains(t, string(ps), temp, "a server is left")
}

func run(t *testing.T, dsn, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), statement)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}
