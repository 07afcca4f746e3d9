package testdb

import (
	"os"
	"strings"
	"testing"
)

// Script is a file of SQL for psql, less the lines that psql keeps for itself,
// which begin with a backslash.
func Script(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var kept strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, `\`) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
