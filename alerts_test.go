package nonassociations_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/alerts"
)

var (
	alertsDir     = filepath.Join("deploy", "alerts")
	alertTestsDir = filepath.Join(alertsDir, "tests")
	runbooksDir   = filepath.Join("docs", "runbooks")
)

func TestAlert_isTriedAndHasItsRunbook(t *testing.T) {
	rules, err := alerts.Load(alertsDir)
	require.NoError(t, err)
	cases, err := alerts.Cases(alertTestsDir)
	require.NoError(t, err)
	require.Empty(t, unready(rules, cases, os.ReadFile))
}

// unready lists what alerts lack before they may wake a person.
func unready(rules []alerts.Rule, cases []alerts.Case, read func(string) ([]byte, error)) []string {
	var faults []string
	for _, rule := range rules {
		for fires, what := range map[bool]string{true: "in which it fires", false: "in which it does not"} {
			if !slices.Contains(cases, alerts.Case{Alert: rule.Name, Fires: fires}) {
				faults = append(faults, rule.Name+" has no test "+what)
			}
		}
		path := filepath.ToSlash(filepath.Join(runbooksDir, rule.Name+".md"))
		text, err := read(path)
		if err != nil || !strings.HasPrefix(string(text), "# "+rule.Name+"\n") {
			faults = append(faults, rule.Name+" has no runbook of its name: "+path)
		}
		if rule.Annotations["runbook"] != path || rule.Annotations["summary"] == "" || rule.Labels["severity"] == "" {
			faults = append(faults, rule.Name+" does not say how bad it is, in a sentence, and where its runbook is")
		}
	}
	for _, tried := range cases {
		if !slices.ContainsFunc(rules, func(r alerts.Rule) bool { return r.Name == tried.Alert }) {
			faults = append(faults, tried.Alert+" is tried, and there is no such alert")
		}
	}
	return faults
}

func TestChecker_ofAlertsCanFail(t *testing.T) {
	good := alerts.Rule{
		Name: "Some", Labels: map[string]string{"severity": "critical"},
		Annotations: map[string]string{"summary": "Words.", "runbook": "docs/runbooks/Some.md"},
	}
	both := []alerts.Case{{Alert: "Some", Fires: true}, {Alert: "Some"}}
	read := func(string) ([]byte, error) { return []byte("# Some\n\nText\n"), nil }
	require.Empty(t, unready([]alerts.Rule{good}, both, read))
	require.Len(t, unready([]alerts.Rule{good}, both[:1], read), 1)
	require.Len(t, unready([]alerts.Rule{good}, both[1:], read), 1)
	require.Len(t, unready([]alerts.Rule{good}, both, func(string) ([]byte, error) { return nil, os.ErrNotExist }), 1)
	require.Len(t, unready([]alerts.Rule{good}, append(both, alerts.Case{Alert: "Other"}), read), 1)
	good.Annotations = nil
	require.Len(t, unready([]alerts.Rule{good}, both, read), 1)
}

func TestPromtool_findsTheAlertsRight(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(alertsDir, "*.yaml"))
	require.NoError(t, err)
	require.NoError(t, alerts.Promtool(t.Context(), append([]string{"check", "rules", "--lint-fatal"}, files...)...))
	tests, err := filepath.Glob(filepath.Join(alertTestsDir, "*.yaml"))
	require.NoError(t, err)
	require.NoError(t, alerts.Promtool(t.Context(), append([]string{"test", "rules"}, tests...)...))
}

// TestCause_ofAnAlertIsTried takes each cause out of its rule: the tests must
// miss it.
func TestCause_ofAnAlertIsTried(t *testing.T) {
	rules, err := alerts.Load(alertsDir)
	require.NoError(t, err)
	for _, rule := range rules {
		t.Run(rule.Name, func(t *testing.T) {
			t.Parallel()
			causes := rule.Causes()
			for i, cause := range causes {
				if len(causes) == 1 {
					continue // without it there is no rule
				}
				others := slices.Delete(slices.Clone(causes), i, i+1)
				require.Error(t, tried(t, rule, strings.Join(others, "\nor\n")), "no test of %s needs this:\n%s", rule.Name, cause)
			}
			require.NoError(t, tried(t, rule, rule.Expr), "the rule as it is, at another place")
		})
	}
}

// tried runs the tests of a rule with another expression in its place.
func tried(t *testing.T, rule alerts.Rule, expr string) error {
	t.Helper()
	dir, name := t.TempDir(), filepath.Base(rule.File)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "tests"), 0o700))
	var text strings.Builder
	text.WriteString("groups:\n  - name: one\n    rules:\n")
	rule.Expr = expr
	writeRule(&text, rule)
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text.String()), 0o600))
	tests, err := alerts.TestsOf(rule.Name, filepath.Join(alertTestsDir, name))
	require.NoError(t, err)
	copied := filepath.Join(dir, "tests", name)
	require.NoError(t, os.WriteFile(copied, tests, 0o600))
	return alerts.Promtool(t.Context(), "test", "rules", copied)
}

// writeRule writes a rule as a file of rules has it.
func writeRule(to *strings.Builder, rule alerts.Rule) {
	indent := "          "
	fmt.Fprintf(to, "      - alert: %s\n        for: %s\n        labels: {severity: %q}\n        annotations: {summary: %q, runbook: %q}\n        expr: |\n%s%s\n",
		rule.Name, rule.For, rule.Labels["severity"], rule.Annotations["summary"], rule.Annotations["runbook"],
		indent, strings.ReplaceAll(strings.TrimSpace(rule.Expr), "\n", "\n"+indent))
}
