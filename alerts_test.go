package nonassociations_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// promtool is Debian's, of the package prometheus: without it nothing is held.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	tool, err := exec.LookPath("promtool")
	require.NoError(t, err, "apt-get install prometheus")
	out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput()
	require.NoError(t, err, string(out))
}

var alertName = regexp.MustCompile(`- alert: (\w+)`)

// Every rule is well formed, fires and keeps still as its tests say, and leads an
// operator to a runbook of its name.
func TestAlertsFireAsTheirTestsSayAndHaveRunbooks(t *testing.T) {
	rules, err := filepath.Glob("deploy/alerts/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, rules)
	var alerts []string
	for _, file := range rules {
		promtool(t, "check", "rules", "--lint-fatal", file)
		tests := filepath.Join("deploy/alerts/tests", filepath.Base(file))
		promtool(t, "test", "rules", tests)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		tested, err := os.ReadFile(tests)
		require.NoError(t, err)
		for _, found := range alertName.FindAllStringSubmatch(string(text), -1) {
			alerts = append(alerts, found[1])
			require.Contains(t, string(tested), "alertname: "+found[1]+", exp_alerts", "no test lets it fire")
			require.Contains(t, string(text), "runbook: docs/runbooks/"+found[1]+".md")
		}
	}
	t.Log("walked", alerts)
	require.Contains(t, alerts, "ProjectorStopped")
	books, err := filepath.Glob("docs/runbooks/*.md")
	require.NoError(t, err)
	var named []string
	for _, book := range books {
		named = append(named, strings.TrimSuffix(filepath.Base(book), ".md"))
	}
	require.Subset(t, named, alerts)
}
