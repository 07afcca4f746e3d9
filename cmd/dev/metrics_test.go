package main_test

import (
	"bufio"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/doubles"
)

// TestMetrics_stayOnThisMachine asks for a port of all its addresses.
func TestMetrics_stayOnThisMachine(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	port := freePort(t)
	run := exec.Command(filepath.Join(h.bin, "dev"))
	run.Env = append(h.environment(), fmt.Sprintf("METRICS_ADDR=:%d", port))
	out, err := run.StdoutPipe()
	require.NoError(t, err)
	said := &doubles.Log{}
	run.Stderr = said
	require.NoError(t, run.Start())
	t.Cleanup(func() { _ = run.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, said)
	require.Equal(t, fmt.Sprintf("metrics http://127.0.0.1:%d\n", port), line)
	requireMetrics(t, line)
	h.stop(t, run)
}

func TestMetricsAddress_thatIsInvalidIsRefused(t *testing.T) {
	t.Parallel()
	h := newTestRun(t)
	run := exec.Command(filepath.Join(h.bin, "dev"))
	run.Env = append(h.environment(), "METRICS_ADDR=nowhere")
	out, err := run.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "METRICS_ADDR must be host:port")
}
