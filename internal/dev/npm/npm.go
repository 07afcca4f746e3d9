// Package npm runs, for tests, the tools that package.json pins. Each runs
// without a network: one that asks for it ends with an error.
package npm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// advice is what to do when a tool is not there.
const advice = "`make npm` installs what the tests need of npm"

// Problem is one thing that a tool finds in a document.
type Problem struct {
	Rule    string
	Message string
	Where   string // in the document
}

// File is the path of a file in node_modules. It fails the test when the
// packages are not those of the lock.
func File(t testing.TB, name string) string {
	t.Helper()
	lock, err := os.ReadFile(filepath.Join(folder(t), "package-lock.json"))
	require.NoError(t, err)
	installed, err := os.ReadFile(filepath.Join(folder(t), "node_modules", ".installed-lock.json"))
	require.NoError(t, err, advice)
	require.True(t, bytes.Equal(lock, installed), "node_modules is of another package-lock.json: "+advice)
	return filepath.Join(folder(t), "node_modules", name)
}

// OpenAPI is what `redocly lint` with its recommended rules finds in a document,
// warnings and what a file tells it to ignore included. One rule is left out: a fixed
// segment where another path has an id is not ambiguous, because the id is a UUID and the
// router takes the fixed one first.
func OpenAPI(t testing.TB, document string) []Problem {
	t.Helper()
	out := node(t, File(t, "@redocly/cli/bin/cli.js"), "lint", "--extends=recommended", "--skip-rule=no-ambiguous-paths", "--format=json", absolute(t, document))
	var report struct {
		Totals   *struct{ Errors, Warnings, Ignored int }
		Problems []struct {
			RuleID   string `json:"ruleId"`
			Message  string
			Location []struct{ Pointer string }
		}
	}
	require.NoError(t, json.Unmarshal(out, &report), "%s", out)
	require.NotNil(t, report.Totals, "%s", out)
	problems := []Problem{}
	for _, p := range report.Problems {
		problems = append(problems, Problem{p.RuleID, p.Message, fmt.Sprint(p.Location)})
	}
	require.Len(t, problems, report.Totals.Errors+report.Totals.Warnings+report.Totals.Ignored, "%s", out)
	return problems
}

// AsyncAPI returns the findings of the AsyncAPI parser for a document, hints included.
func AsyncAPI(t testing.TB, document string) []Problem {
	t.Helper()
	File(t, "@asyncapi/parser/package.json")
	out := node(t, filepath.Join(folder(t), "asyncapi.mjs"), absolute(t, document))
	var report struct {
		Parsed   bool
		Problems []struct {
			Code, Message string
			Path          []any
		}
	}
	require.NoError(t, json.Unmarshal(out, &report), "%s", out)
	problems := []Problem{}
	for _, p := range report.Problems {
		problems = append(problems, Problem{p.Code, p.Message, fmt.Sprint(p.Path)})
	}
	require.True(t, report.Parsed || len(problems) > 0, "a document that is not parsed has a problem: %s", out)
	return problems
}

// node gives what a script writes. A linter that finds something ends with 1.
func node(t testing.TB, script string, arguments ...string) []byte {
	t.Helper()
	arguments = append([]string{"--require", filepath.Join(folder(t), "offline.cjs"), script}, arguments...)
	command := exec.CommandContext(t.Context(), "node", arguments...)
	command.Dir = t.TempDir() // where no file changes the rules
	command.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	err := command.Run()
	if command.ProcessState == nil {
		require.NoError(t, err, advice)
	}
	require.Contains(t, []int{0, 1}, command.ProcessState.ExitCode(), "%v\n%s", err, &complaint)
	return out.Bytes()
}

// absolute returns the absolute path of a document.
func absolute(t testing.TB, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	return path
}

// folder is where package.json is, from wherever in the module a test runs.
func folder(t testing.TB) string {
	t.Helper()
	at := absolute(t, ".")
	for !exists(filepath.Join(at, "go.mod")) {
		require.NotEqual(t, filepath.Dir(at), at, "the test runs in no module")
		at = filepath.Dir(at)
	}
	return filepath.Join(at, "internal", "dev", "npm")
}

// exists reports whether there is a file.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
