package nonassociations_test

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// topLevel lists all folders of the top level, those that git ignores included.
var topLevel = []string{
	".git", ".github", ".ci", ".bin", ".data", "bin", "cmd", "domain", "commands", "projections", "queries", "publisher",
	"audit", "nomis", "eventstore", "web", "deploy", "docs", "internal",
}

func TestTopLevel_hasTheFoldersAndNoMore(t *testing.T) {
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.IsDir() {
			require.Contains(t, topLevel, entry.Name())
		}
	}
}

const maxLines = 300

var (
	initFunc = regexp.MustCompile(`^func init\(`)
	attic    = regexp.MustCompile(`(^|/)(util|utils|common|helpers|models|misc|shared)(/|$)`)
)

func TestFiles_areShortAndRegisterNothing(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || path == "bin" || entry.Name() == "node_modules") {
			return fs.SkipDir
		}
		require.NotRegexp(t, attic, path, "a folder that promises nothing")
		if ext := filepath.Ext(path); !entry.IsDir() && (ext == ".go" || ext == ".sql") {
			for _, fault := range form(t, path) {
				t.Error(fault)
			}
		}
		return nil
	})
	require.NoError(t, err)
}

// form lists what is wrong with one file's form.
func form(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	var faults []string
	lines := 0
	for scanner := bufio.NewScanner(file); scanner.Scan(); lines++ {
		if initFunc.MatchString(scanner.Text()) {
			faults = append(faults, fmt.Sprintf("%s:%d: init() runs although no code calls it", path, lines+1))
		}
	}
	if lines > maxLines {
		faults = append(faults, fmt.Sprintf("%s has %d lines, at most %d: split it", path, lines, maxLines))
	}
	return faults
}

func TestFormChecker_canFail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "long.go")
	text := "package x\n\nfunc init() {}\n" + strings.Repeat("\n", maxLines)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	require.Len(t, form(t, path), 2)
}
