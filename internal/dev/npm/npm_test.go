package npm_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/npm"
)

// TestLock_pinsEveryPackageAndNamesNoRegistry: a machine asks the registry
// that it is set up for, and takes only what has the known content.
func TestLock_pinsEveryPackageAndNamesNoRegistry(t *testing.T) {
	for _, folder := range []string{".", "peers"} {
		var asked struct{ DevDependencies map[string]string }
		read(t, filepath.Join(folder, "package.json"), &asked)
		var lock struct {
			Packages map[string]struct{ Version, Integrity, Resolved string }
		}
		read(t, filepath.Join(folder, "package-lock.json"), &lock)
		require.NotEmpty(t, asked.DevDependencies)
		for name, version := range asked.DevDependencies {
			require.Regexp(t, `^\d+\.\d+\.\d+$`, version, name)
			require.Equal(t, version, lock.Packages["node_modules/"+name].Version, name)
		}
		for path, locked := range lock.Packages {
			require.Empty(t, locked.Resolved, path)
			require.True(t, path == "" || locked.Integrity != "", path)
		}
	}
}

func read(t *testing.T, file string, value any) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, value))
}

// TestLinters_canFail shows each of them a document with one fault.
func TestLinters_canFail(t *testing.T) {
	document := filepath.Join(t.TempDir(), "document.json")
	write := func(text string) string {
		require.NoError(t, os.WriteFile(document, []byte(text), 0o600))
		return document
	}
	problems := npm.OpenAPI(t, write(`{"openapi":"3.1.0","info":{"title":"x","version":"1"},"servers":[{"url":"/"}],"paths":{}}`))
	require.Len(t, problems, 1)
	require.Equal(t, "info-license", problems[0].Rule)
	require.NotEmpty(t, npm.OpenAPI(t, write(`{"openapi":"3.1.0"}`)))

	problems = npm.AsyncAPI(t, write(`{"asyncapi":"3.0.0","info":{"title":"x","version":"1"}}`))
	require.Len(t, problems, 1, "a hint counts")
	require.Equal(t, "asyncapi-latest-version", problems[0].Rule)
	require.NotEmpty(t, npm.AsyncAPI(t, write(`{`)))
}

// TestTools_neverReachTheNetwork: a tool that asks for it has failed.
func TestTools_neverReachTheNetwork(t *testing.T) {
	npm.File(t, "")
	for _, script := range []string{
		`require("net").connect(9, "127.0.0.1")`, `fetch("http://127.0.0.1:9999")`, `require("http").get("http://127.0.0.1:9999")`,
		`require("dns").lookup("localhost", () => {})`, `require("dns").promises.lookup("localhost")`,
	} {
		command := exec.CommandContext(t.Context(), "node", "--require", "./offline.cjs", "--eval", script)
		out, _ := command.CombinedOutput()
		require.Equal(t, 70, command.ProcessState.ExitCode(), "%s: %s", script, out)
		require.Contains(t, string(out), "asked for the network")
	}
}
