package main_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/doubles"
	"nonassociations/internal/dev/localaws"
)

// startWithNomis returns a running service and the address of its stand-in for NOMIS.
func (h testRun) startWithNomis(t *testing.T, environment ...string) (run *exec.Cmd, nomis string) {
	t.Helper()
	run = exec.Command(filepath.Join(h.bin, "dev"))
	run.Env = append(h.environment(), environment...)
	stderr := &doubles.Log{}
	run.Stderr = stderr
	out, err := run.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, run.Start())
	t.Cleanup(func() { _ = run.Process.Kill() })
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		require.NoError(t, err, stderr)
		if address, is := strings.CutPrefix(line, "nomis "); is {
			nomis = strings.TrimSpace(address)
		}
		if strings.HasPrefix(line, "ready ") {
			return run, nomis
		}
	}
}

// post sends a body without a token and returns the status.
func post(t *testing.T, url, body string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

func TestNomis_knowsTheDirectoryAndTellsItsQueue(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	port := freePort(t)
	run, nomis := h.startWithNomis(t, fmt.Sprintf("NOMIS_PORT=%d", port))
	require.Equal(t, fmt.Sprintf("http://127.0.0.1:%d", port), nomis)
	const record = `{"offenderNo":"A9109UD","nsOffenderNo":"%s","reason":"VIC","recipReason":"PER","type":"WING","effectiveDate":"2021-07-05"}`
	require.Equal(t, http.StatusCreated, post(t, nomis+"/staff/non-associations", fmt.Sprintf(record, "A0135GA")))
	require.Equal(t, http.StatusNotFound, post(t, nomis+"/staff/non-associations", fmt.Sprintf(record, "Z9999ZZ")))
	reader := h.token(t, "READ_NON_ASSOCIATIONS")
	require.Eventually(t, func() bool { // nothing but the message names the pair
		_, text := h.call(t, http.MethodGet, "/non-associations/A0135GA", reader, "")
		return strings.Contains(text, "A9109UD")
	}, time.Minute, 50*time.Millisecond)

	token := h.token(t, "NOMIS_PRISONER_API__SYNCHRONISATION__RW")
	mirror := testRun{port: port}
	const all = "/non-associations/offender/A0135GA/ns-offender/A9109UD/all"
	response, text := mirror.call(t, http.MethodGet, all, token, "")
	require.Equal(t, http.StatusOK, response.StatusCode, text)
	require.Contains(t, text, `"reason":"PER"`)
	response, _ = mirror.call(t, http.MethodGet, all, h.token(t, "NON_ASSOCIATIONS_SYNC"), "")
	require.Equal(t, http.StatusForbidden, response.StatusCode)
	h.stop(t, run)
}

func TestNomis_movesFromAPortThatIsTakenUnlessItWasAskedFor(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	taken, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", h.port+1500))
	if err == nil { // else another program has it, or there is no such port
		t.Cleanup(func() { _ = taken.Close() })
	}
	run, nomis := h.startWithNomis(t)
	require.NotEmpty(t, nomis)
	require.NotEqual(t, fmt.Sprintf("http://127.0.0.1:%d", h.port+1500), nomis)
	h.stop(t, run)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	refused := exec.CommandContext(t.Context(), filepath.Join(h.bin, "dev"))
	refused.Env = append(h.environment(), fmt.Sprintf("NOMIS_PORT=%d", port))
	out, err := refused.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), fmt.Sprintf("port %d is taken: choose another, such as NOMIS_PORT=%d", port, port+1))
}

func TestNomis_isNotStartedWhereOneIsNamed(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	run, nomis := h.startWithNomis(t, "NOMIS_API_URL=http://127.0.0.1:1")
	require.Empty(t, nomis)
	h.stop(t, run)
}

func TestNomis_tellsTheQueuesThatTheEnvironmentNames(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	queues, err := localaws.Start(t.Context(), localaws.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, queues.Stop(context.Background())) })
	run, nomis := h.startWithNomis(t, "NOMIS_EVENTS_QUEUE_URL="+queues.Queue("changes"))
	const record = `{"offenderNo":"A9109UD","nsOffenderNo":"A0135GA","reason":"VIC","recipReason":"PER","type":"WING","effectiveDate":"2021-07-05"}`
	require.Equal(t, http.StatusCreated, post(t, nomis+"/staff/non-associations", record))
	h.stop(t, run)
	require.Len(t, queues.Messages("changes"), 2)
}
