package localpg_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/internal/dev/localpg"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("LOCALPG_HOLD"); dir != "" {
		hold(dir)
	}
	goleak.VerifyTestMain(m)
}

// hold is a parent that is going to be killed.
func hold(dir string) {
	if _, err := localpg.Start(context.Background(), localpg.Options{Dir: dir}); err != nil {
		println("error: " + err.Error())
		os.Exit(1)
	}
	os.Stdout.WriteString("ready\n")
	select {}
}

func TestRestart_findsTheDataAgain(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	first := start(t, dir)
	require.FileExists(t, filepath.Join(first.DataDir(), "PG_VERSION"))
	dsn, err := first.EnsureDatabase(t.Context(), "records")
	require.NoError(t, err)
	exec1(t, dsn, "CREATE TABLE kept (n int)")
	require.NoError(t, first.Stop(t.Context()))

	second := start(t, dir)
	again, err := second.EnsureDatabase(t.Context(), "records")
	require.NoError(t, err)
	require.Equal(t, dsn, again)
	exec1(t, again, "INSERT INTO kept VALUES (1)")
}

func TestServer_thatOutlivedItsParentIsAdoptedAndStopped(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	parent := holder(t, dir)
	_, err := localpg.Start(t.Context(), localpg.Options{Dir: dir})
	require.ErrorIs(t, err, localpg.ErrInUse, "two parents of one cluster")

	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	server, err := localpg.Start(t.Context(), localpg.Options{Dir: dir})
	require.NoError(t, err)
	require.Equal(t, postmaster(t, server), server.PID())
	require.NoError(t, server.Stop(t.Context()))
	require.NoFileExists(t, filepath.Join(server.DataDir(), "postmaster.pid"))
}

func TestServer_thatDiesIsStartedAgainWhileItIsKept(t *testing.T) {
	t.Parallel()
	server := start(t, openDir(t))
	keeping, stop := context.WithCancel(t.Context())
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		server.Supervise(keeping)
	}()
	first := server.PID()
	require.NoError(t, syscall.Kill(first, syscall.SIGKILL))
	// Between the two servers there is no pid file, and no answer.
	require.Eventually(t, func() bool {
		pid, err := pidOf(server)
		return err == nil && pid != first && answers(t.Context(), server)
	}, 30*time.Second, 50*time.Millisecond)
	stop()
	<-kept
	require.NoError(t, server.Stop(t.Context()))
	require.NoFileExists(t, filepath.Join(server.DataDir(), "postmaster.pid"))
}

func answers(ctx context.Context, server *localpg.Server) bool {
	conn, err := pgx.Connect(ctx, server.DSN("postgres"))
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

func TestServer_restartedByAnotherIsStopped(t *testing.T) {
	t.Parallel()
	server := start(t, openDir(t))
	restart := exec.Command(filepath.Join(server.BinDir(), "pg_ctl"), "restart", "-w", "-D", server.DataDir(), "-l", server.LogFile())
	restart.SysProcAttr, restart.Dir = sameUser(t, server.DataDir()), "/"
	out, err := restart.CombinedOutput()
	require.NoError(t, err, string(out))
	exec1(t, server.DSN("postgres"), "SELECT 1")
	require.NoError(t, server.Stop(t.Context()))
	require.NoFileExists(t, filepath.Join(server.DataDir(), "postmaster.pid"))
}

func TestStalePidFile_thatNamesAStrangerIsNoHindrance(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	server := start(t, dir)
	require.NoError(t, server.Stop(t.Context()))
	// A process of the very user whom Postgres would take for its own.
	stranger := exec.Command("cat")
	stranger.SysProcAttr = sameUser(t, server.DataDir())
	in, err := stranger.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, stranger.Start())
	text := strconv.Itoa(stranger.Process.Pid) + "\n" + server.DataDir() + "\n1700000000\n5432\n\n\n\n"
	for _, file := range []string{"data/postmaster.pid", "run/.s.PGSQL.5432.lock"} {
		path := filepath.Join(filepath.Dir(server.DataDir()), file)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}

	server = start(t, dir)
	require.NotEqual(t, stranger.Process.Pid, server.PID())
	require.NoError(t, in.Close())
	require.NoError(t, stranger.Wait(), "the stranger was left alone")
}

func TestLongPath_getsAShortSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), strings.Repeat("long", 25))
	server := start(t, dir)
	exec1(t, server.DSN("postgres"), "SELECT 1")
	require.NotContains(t, server.DSN("postgres"), "longlong")
}

func TestIncompleteCluster_isMadeAnew(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	server := startWith(t, localpg.Options{Dir: dir})
	require.NoError(t, server.Stop(t.Context()))
	require.NoError(t, os.Rename(server.DataDir(), server.DataDir()+".new"), "as a kill during initdb leaves it")
	exec1(t, startWith(t, localpg.Options{Dir: dir}).DSN("postgres"), "SELECT 1")
}

func TestLink_toAClusterThatIsGoneIsRefused(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	require.NoError(t, os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "postgres")))
	_, err := localpg.Start(t.Context(), localpg.Options{Dir: dir})
	require.ErrorContains(t, err, "links to a cluster that is gone")
}

// TestLayout_belowAClosedFolder is about root, whose server runs as another user; for
// others the cluster lies in the folder.
func TestLayout_belowAClosedFolder(t *testing.T) {
	t.Parallel()
	closed := t.TempDir()
	require.NoError(t, os.Chmod(closed, 0o700))
	server := start(t, filepath.Join(closed, "data"))
	exec1(t, server.DSN("postgres"), "SELECT 1")
	place, err := filepath.EvalSymlinks(filepath.Join(closed, "data", "postgres"))
	require.NoError(t, err)
	require.Equal(t, filepath.Join(place, "data"), server.DataDir())
	if os.Geteuid() == 0 {
		require.True(t, strings.HasPrefix(place, "/var/tmp/nonassociations-"), place)
		t.Cleanup(func() { require.NoError(t, os.RemoveAll(place)) })
	}
}

// start runs a copy of a template cluster, which saves the time of initdb.
func start(t *testing.T, dir string) *localpg.Server {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	return startWith(t, localpg.Options{Dir: dir, Templates: filepath.Join(cache, "nonassociations-postgres")})
}

func startWith(t *testing.T, options localpg.Options) *localpg.Server {
	t.Helper()
	server, err := localpg.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(context.WithoutCancel(t.Context()))) })
	return server
}

func holder(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "LOCALPG_HOLD="+dir)
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	return parent
}

func postmaster(t *testing.T, server *localpg.Server) int {
	t.Helper()
	pid, err := pidOf(server)
	require.NoError(t, err)
	return pid
}

func pidOf(server *localpg.Server) (int, error) {
	text, err := os.ReadFile(filepath.Join(server.DataDir(), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(first)
}

func exec1(t *testing.T, dsn, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), statement)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}
