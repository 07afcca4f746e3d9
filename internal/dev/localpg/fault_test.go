package localpg_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/localpg"
)

// logHandler hears what a server says while it starts.
type logHandler struct {
	slog.Handler
	hear func(record slog.Record)
}

func (e logHandler) Handle(_ context.Context, record slog.Record) error {
	e.hear(record)
	return nil
}

func (e logHandler) Enabled(context.Context, slog.Level) bool { return true }

func loggerTo(hear func(slog.Record)) *slog.Logger {
	return slog.New(logHandler{slog.DiscardHandler, hear})
}

// TestBackend_thatDiesSlowlyIsWaitedFor kills a postmaster whose backend cannot
// see that, and lets the backend go when the next server has been refused.
func TestBackend_thatDiesSlowlyIsWaitedFor(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	first := start(t, dir)
	conn, err := pgx.Connect(t.Context(), first.DSN("postgres"))
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	backend := int(conn.PgConn().PID())
	require.NoError(t, syscall.Kill(backend, syscall.SIGSTOP))
	require.NoError(t, syscall.Kill(first.PID(), syscall.SIGKILL))
	require.NoError(t, first.Stop(t.Context()), "it is gone, and its folder free")

	said := ""
	logger := loggerTo(func(record slog.Record) {
		if record.Level != slog.LevelWarn || said != "" {
			return
		}
		record.Attrs(func(a slog.Attr) bool { said += a.Value.String(); return true })
		require.NoError(t, syscall.Kill(backend, syscall.SIGKILL))
	})
	second, err := localpg.Start(t.Context(), localpg.Options{Dir: dir, Logger: logger})
	require.NoError(t, err)
	require.NoError(t, second.Stop(t.Context()))
	require.Contains(t, said, "FATAL:")
	require.Contains(t, said, "shared memory")
}

func TestStart_thatIsCancelledLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	logger := loggerTo(func(record slog.Record) {
		if strings.HasPrefix(record.Message, "launched") {
			cancel()
		}
	})
	_, err := localpg.Start(ctx, localpg.Options{Dir: dir, Logger: logger})
	require.ErrorIs(t, err, context.Canceled)
	_, err = os.Stat(filepath.Join(dir, "postgres", "data", "postmaster.pid"))
	require.ErrorIs(t, err, os.ErrNotExist)
	ps, err := exec.CommandContext(t.Context(), "ps", "-eo", "args").Output()
	require.NoError(t, err)
	require.NotContains(t, string(ps), dir)
	start(t, dir)
}

// TestServer_thatHangsIsEndedAllTheSame suspends all of its processes.
func TestServer_thatHangsIsEndedAllTheSame(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	server, err := localpg.Start(t.Context(), localpg.Options{Dir: dir, Durable: true})
	require.NoError(t, err)
	exec1(t, server.DSN("postgres"), "CREATE TABLE kept (n int)")
	server.Suspend()
	now, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, server.Stop(now))
	exec1(t, start(t, dir).DSN("postgres"), "INSERT INTO kept VALUES (1)")
}

func TestFolder_mayHaveAnyName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"two words", "one+one", "100%25", "it's", "what?", "a#b", "a,b", `"a"`, "a&b=c"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startWith(t, localpg.Options{Dir: filepath.Join(openDir(t), name)}) // by initdb
			exec1(t, server.DSN("postgres"), "SELECT 1")
			dsn, err := server.EnsureDatabase(t.Context(), "a b")
			require.NoError(t, err)
			exec1(t, dsn, "SELECT 1")
		})
	}
}
