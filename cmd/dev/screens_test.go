package main_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireScreens opens where a run says that its screens are, and the API as a browser.
func requireScreens(t *testing.T, line string, port int) {
	t.Helper()
	require.Regexp(t, `^screens http://127\.0\.0\.1:\d+\n$`, line)
	screens := strings.TrimSpace(strings.TrimPrefix(line, "screens "))
	require.Equal(t, "/sign-in", redirectOf(t, screens+"/", "text/html"))
	require.Contains(t, redirectOf(t, screens+"/sign-in", "text/html"), "/authorize?")
	require.Equal(t, screens+"/", redirectOf(t, fmt.Sprintf("http://127.0.0.1:%d/", port), "text/html,*/*"))
	require.Empty(t, redirectOf(t, fmt.Sprintf("http://127.0.0.1:%d/", port), "application/json"))
}

// redirectOf returns where a GET leads; "" for no redirect.
func redirectOf(t *testing.T, url, accept string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Accept", accept)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.Header.Get("Location")
}

// TestScreens_haveTheirOwnPortAndKey asks for a port, and keeps the key of the sessions.
func TestScreens_haveTheirOwnPortAndKey(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	port := freePort(t)
	run, _ := h.startWithNomis(t, fmt.Sprintf("SCREENS_PORT=%d", port))
	require.Equal(t, "/sign-in", redirectOf(t, fmt.Sprintf("http://127.0.0.1:%d/", port), "text/html"))
	key, err := os.ReadFile(filepath.Join(h.data, "screens.key"))
	require.NoError(t, err)
	info, err := os.Stat(filepath.Join(h.data, "screens.key"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	other := newTestRun(t)
	second := exec.CommandContext(t.Context(), filepath.Join(h.bin, "dev"))
	second.Env = append(other.environment(), fmt.Sprintf("SCREENS_PORT=%d", port))
	var said bytes.Buffer
	second.Stderr = &said
	require.Error(t, second.Run())
	require.Contains(t, said.String(), fmt.Sprintf("port %d is taken: choose another, such as SCREENS_PORT=%d", port, port+1))

	require.NoError(t, run.Process.Kill())
	_ = run.Wait() // it was killed
	h.startWithNomis(t, fmt.Sprintf("SCREENS_PORT=%d", port))
	again, err := os.ReadFile(filepath.Join(h.data, "screens.key"))
	require.NoError(t, err)
	require.Equal(t, key, again)
}
