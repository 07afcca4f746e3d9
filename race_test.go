package nonassociations_test

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFiles_withoutTheRaceDetector: a test that the race detector does not see says why,
// lies in a file of that name, and does one thing after the other. The tests of
// eventstore/esdb cannot: they provoke a race of the client.
func TestFiles_withoutTheRaceDetector(t *testing.T) {
	listed, err := exec.CommandContext(t.Context(), "git", "ls-files", "*.go").Output()
	require.NoError(t, err)
	found := 0
	for name := range strings.FieldsSeq(string(listed)) {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		if !outsideRace(string(text)) {
			require.NotEqual(t, "norace_test.go", path.Base(name), name)
			continue
		}
		found++
		require.Equal(t, "norace_test.go", path.Base(name), name)
		require.Empty(t, faultsOfNoRace(t, string(text), !strings.HasPrefix(name, "eventstore/esdb/")), name)
	}
	require.Positive(t, found)
}

func TestNoRaceChecker_canFail(t *testing.T) {
	const good = "//go:build !race\n\n// Why.\n\npackage x\n\nimport \"fmt\"\n\nfunc f() { fmt.Println() }\n"
	require.True(t, outsideRace(good))
	require.True(t, outsideRace("//go:build linux && !race\n\npackage x\n"))
	require.False(t, outsideRace("//go:build linux\n\npackage x\n"))
	require.False(t, outsideRace("package x\n"))
	require.Empty(t, faultsOfNoRace(t, good, true))
	for name, bad := range map[string]string{
		"no reason":   strings.Replace(good, "// Why.\n\n", "", 1),
		"a goroutine": strings.Replace(good, "fmt.Println()", "go fmt.Println()", 1),
		"a lock":      strings.Replace(good, `"fmt"`, `"sync"`, 1),
		"a server":    strings.Replace(good, `"fmt"`, `"net/http/httptest"`, 1),
		"a group":     strings.Replace(good, `"fmt"`, `"golang.org/x/sync/errgroup"`, 1),
	} {
		require.Len(t, faultsOfNoRace(t, bad, true), 1, name)
	}
	require.Empty(t, faultsOfNoRace(t, strings.Replace(good, "fmt.Println()", "go fmt.Println()", 1), false))
}

// outsideRace reports whether a file is left out under the race detector.
func outsideRace(text string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "package ") {
			return false
		}
		expression, err := constraint.Parse(strings.TrimSpace(line))
		if err == nil && !expression.Eval(func(tag string) bool { return true }) {
			return true
		}
	}
	return false
}

// atOnce are the packages with which a test does several things at once.
var atOnce = regexp.MustCompile(`^"(sync|sync/atomic|net(/.*)?|golang\.org/x/sync/.*|.*/testdb|.*/localaws)"$`)

// faultsOfNoRace are what is wrong in such a file; oneByOne forbids it goroutines.
func faultsOfNoRace(t *testing.T, text string, oneByOne bool) (faults []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ParseComments)
	require.NoError(t, err)
	if len(file.Comments) < 2 || file.Comments[1].End() > file.Package {
		faults = append(faults, "no reason above the package")
	}
	if !oneByOne {
		return faults
	}
	for _, spec := range file.Imports {
		if atOnce.MatchString(spec.Path.Value) {
			faults = append(faults, "imports "+spec.Path.Value)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if _, is := n.(*ast.GoStmt); is {
			faults = append(faults, "starts a goroutine")
		}
		return true
	})
	return faults
}
