package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/doubles"
	"nonassociations/internal/dev/localpg"
)

// testRun is the built programs and one data folder, as a user has them who
// typed `make run`.
type testRun struct {
	bin, data string
	port      int
}

func newTestRun(t *testing.T) testRun {
	t.Helper()
	bin, err := built()
	require.NoError(t, err)
	dir := t.TempDir()
	for _, folder := range []string{dir, filepath.Dir(dir)} {
		require.NoError(t, os.Chmod(folder, 0o755)) // Postgres may run as another user
	}
	return testRun{bin: bin, data: filepath.Join(dir, "data"), port: freePort(t)}
}

// built is the folder of the programs, built once; TestMain removes it.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "nonassociations-bin-")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-buildvcs=false", "-o", dir+"/", ".", "../nonassociations")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := built(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

func (h testRun) environment() []string {
	kept := []string{"DATA_DIR=" + h.data, "PORT=" + strconv.Itoa(h.port)}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		switch name {
		case "DATA_DIR", "PORT", "SCREENS_PORT", "SCREENS_CLIENT_ID", "DATABASE_URL", "EVENTSTORE_URL", "AUTH_ISSUER", "MAKELEVEL":
		default:
			kept = append(kept, pair)
		}
	}
	return kept
}

// start returns the running service once it has said that it is ready.
func (h testRun) start(t *testing.T) *exec.Cmd {
	t.Helper()
	run := exec.Command(filepath.Join(h.bin, "dev"))
	run.Env = h.environment()
	stderr := &doubles.Log{}
	run.Stderr = stderr
	out, err := run.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, run.Start())
	t.Cleanup(func() { _ = run.Process.Kill() })
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	require.NoError(t, err, stderr)
	requireMetrics(t, line)
	line, err = lines.ReadString('\n')
	require.NoError(t, err, stderr)
	requireScreens(t, line, h.port)
	line, err = lines.ReadString('\n')
	require.NoError(t, err, stderr)
	require.Regexp(t, `^nomis http://127\.0\.0\.1:\d+\n$`, line)
	line, err = lines.ReadString('\n')
	require.NoError(t, err, stderr)
	require.Equal(t, fmt.Sprintf("ready http://127.0.0.1:%d\n", h.port), line)
	return run
}

// requireMetrics scrapes where a run says that its metrics are.
func requireMetrics(t *testing.T, line string) {
	t.Helper()
	require.Regexp(t, `^metrics http://127\.0\.0\.1:\d+\n$`, line)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSpace(strings.TrimPrefix(line, "metrics "))+"/metrics", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Contains(t, string(text), `nonassociations_consumer_heartbeat_timestamp_seconds{consumer="readModel"}`)
}

func (h testRun) token(t *testing.T, roles ...string) string {
	t.Helper()
	args := []string{"token", "--user", "NOMIS"}
	for _, role := range roles {
		args = append(args, "--role", role)
	}
	token := exec.Command(filepath.Join(h.bin, "nonassociations"), args...)
	token.Env = h.environment()
	out, err := token.CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.TrimSpace(string(out))
}

func (h testRun) call(t *testing.T, method, path, token, body string) (*http.Response, string) {
	t.Helper()
	url := fmt.Sprintf("http://127.0.0.1:%d%s", h.port, path)
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(text)
}

const syncBody = `{"prisonerNumber":"A9109UD","nonAssociations":[{"reasonCode":"VIC","typeCode":"WING",
	"effectiveDate":"2021-07-05T10:35:17","authorisedBy":"Staff Name","comments":"Do not locate near",
	"prisonerNonAssociation":{"prisonerNumber":"A0135GA","reasonCode":"PER"}}]}`

// TestKill_losesNothing walks the whole path as a stranger would: start,
// tell, read from both sides, kill, start again, read, stop.
func TestKill_losesNothing(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	running := h.start(t)
	token := h.token(t, "NON_ASSOCIATIONS_SYNC")

	response, text := h.call(t, http.MethodPost, "/sync", token, syncBody)
	require.Equal(t, http.StatusOK, response.StatusCode, text)
	position := response.Header.Get("X-Position")
	sides := map[string]string{}
	for _, number := range []string{"A9109UD", "A0135GA"} {
		response, sides[number] = h.call(t, http.MethodGet, "/non-associations/"+number+"?atLeast="+position, token, "")
		require.Equal(t, http.StatusOK, response.StatusCode, sides[number])
		require.Equal(t, 1, count(t, sides[number]), sides[number])
	}

	require.NoError(t, running.Process.Kill())
	_ = running.Wait() // killed
	running = h.start(t)
	for number, was := range sides {
		_, now := h.call(t, http.MethodGet, "/non-associations/"+number, token, "")
		require.JSONEq(t, was, now)
	}
	_, text = h.call(t, http.MethodPost, "/sync", token, syncBody)
	require.Contains(t, text, `"UNCHANGED"`)
	h.stop(t, running)
}

// stop asks in order, and sees that nothing is left behind.
func (h testRun) stop(t *testing.T, running *exec.Cmd) {
	t.Helper()
	began := time.Now()
	require.NoError(t, running.Process.Signal(syscall.SIGTERM))
	require.NoError(t, running.Wait(), "exit status 0")
	require.Less(t, time.Since(began), 10*time.Second)
	require.NoFileExists(t, filepath.Join(h.data, "postgres", "data", "postmaster.pid"))
	_, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", h.port))
	require.Error(t, err)
}

func TestRuns_sideBySideAndOneFolderTakesOne(t *testing.T) {
	t.Parallel()
	one := newTestRun(t)
	two := testRun{bin: one.bin, data: filepath.Join(filepath.Dir(one.data), "other"), port: freePort(t)}
	first, second := one.start(t), two.start(t)

	third := exec.Command(filepath.Join(one.bin, "dev"))
	third.Env = append(one.environment(), "PORT="+strconv.Itoa(freePort(t)))
	out, err := third.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "another run is using "+one.data)

	foreign := one.token(t, "NON_ASSOCIATIONS_SYNC")
	response, _ := two.call(t, http.MethodGet, "/non-associations/A9109UD", foreign, "")
	require.Equal(t, http.StatusUnauthorized, response.StatusCode, "a token is good for its own run only")
	two.stop(t, second)
	one.stop(t, first)
}

func TestDemo_goesIntoTheRunOfItsFolder(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	said := h.demo(t)
	require.Contains(t, said, "start the service to look at it", "none runs")
	require.Equal(t, 3, strings.Count(said, "  all as planted"), "of two migrations and a reconciliation: "+said)
	require.Regexp(t, `[1-9]\d* +[1-9]\d*  differs`, said)

	running := h.start(t)
	elsewhere := testRun{bin: h.bin, data: h.data, port: freePort(t)} // without the PORT of the run
	said = elsewhere.demo(t)
	require.Contains(t, said, "UNCHANGED", "the same estate came before")
	require.NotContains(t, said, "start the service")
	require.Contains(t, said, "of which 0 are new", "and so did NOMIS's view of it")
	require.Equal(t, 3, strings.Count(said, "  all as planted"), "nothing was taken over since: "+said)
	h.stop(t, running)
}

// A run on the way to being ready has no address, and is not taken for the one
// that was killed before it.
func TestDemo_doesNotGoWhereTheRunBeforeWas(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	require.NoError(t, os.MkdirAll(h.data, 0o755))
	address := filepath.Join(h.data, "run.address")
	require.NoError(t, os.WriteFile(address, []byte("127.0.0.1:1"), 0o600))
	failing := exec.Command(filepath.Join(h.bin, "dev"))
	failing.Env = append(h.environment(), "DATABASE_URL=postgres://nobody@127.0.0.1:1/nowhere")
	require.Error(t, failing.Run())
	require.NoFileExists(t, address)

	lock, err := localpg.TakeLock(filepath.Join(h.data, "run.lock"))
	require.NoError(t, err)
	defer lock.Release()
	demo := exec.Command(filepath.Join(h.bin, "dev"), "demo")
	demo.Env = h.environment()
	out, err := demo.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "the run of "+h.data+" is not ready yet")
}

// demo loads a small estate and returns what it said.
func (h testRun) demo(t *testing.T) string {
	t.Helper()
	demo := exec.Command(filepath.Join(h.bin, "dev"), "demo", "--prisoners", "300")
	demo.Env = h.environment()
	out, err := demo.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "worth a look")
	return string(out)
}

func TestToken_withoutARunIsRefused(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	token := exec.Command(filepath.Join(h.bin, "nonassociations"), "token", "--role", "NON_ASSOCIATIONS_SYNC", "--user", "ME")
	token.Env = h.environment()
	out, err := token.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "no development run has been here")
}

func TestProduction_refusesToStartWithoutAnIssuer(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	serve := exec.Command(filepath.Join(h.bin, "nonassociations"), "serve")
	serve.Env = []string{"EVENTSTORE_URL=embedded", "DATABASE_URL=postgres:///nowhere"}
	out, err := serve.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "AUTH_ISSUER")
	require.Contains(t, string(out), "AUTH_JWKS_URL")
}

func count(t *testing.T, text string) int {
	t.Helper()
	var list struct {
		NonAssociations []json.RawMessage `json:"nonAssociations"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	return len(list.NonAssociations)
}
