package main_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/doubles"
)

// database connects to the Postgres of a run that is ready.
func (h testRun) database(t *testing.T) *pgx.Conn {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.data, "run.environment"))
	require.NoError(t, err)
	var environment map[string]string
	require.NoError(t, json.Unmarshal(text, &environment))
	conn, err := pgx.Connect(t.Context(), environment["DATABASE_URL"])
	require.NoError(t, err)
	return conn
}

// TestRun_rebuildsAReadModelOfAnotherShape: the build before left tables that mean
// something else. The run is ready only when its own answer.
func TestRun_rebuildsAReadModelOfAnotherShape(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	running := h.start(t)
	token := h.token(t, "NON_ASSOCIATIONS_SYNC")
	response, text := h.call(t, http.MethodPost, "/sync", token, syncBody)
	require.Equal(t, http.StatusOK, response.StatusCode, text)
	before := h.database(t)
	_, err := before.Exec(t.Context(), `UPDATE read_1.checkpoint SET shape = 0`)
	require.NoError(t, err)
	response, _ = h.call(t, http.MethodGet, "/non-associations/A9109UD", token, "")
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode, "rows of another shape are no answer")
	require.NoError(t, before.Close(t.Context()))
	h.stop(t, running)

	running = h.start(t)
	token = h.token(t, "NON_ASSOCIATIONS_SYNC")
	after := h.database(t)
	var version string
	require.NoError(t, after.QueryRow(t.Context(), `SELECT version::text || ' ' || shape FROM read.checkpoint`).Scan(&version))
	require.Equal(t, "2 1", version)
	response, list := h.call(t, http.MethodGet, "/non-associations/A9109UD", token, "")
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Contains(t, list, "Do not locate near")
	require.NoError(t, after.Close(t.Context()))

	said := &doubles.Log{}
	verify := exec.Command(filepath.Join(h.bin, "nonassociations"), "verify", "read-model")
	verify.Env, verify.Stderr = h.environment(), said
	require.NoError(t, verify.Run(), said)
	h.stop(t, running)
}
