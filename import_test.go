package nonassociations_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestImport_isOfTheRestoreAlone: postgres.Import passes by the rules of append.
func TestImport_isOfTheRestoreAlone(t *testing.T) {
	t.Parallel()
	var callers []string
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "postgres.Import(") {
			callers = append(callers, filepath.ToSlash(path))
		}
		return err
	})
	require.NoError(t, err)
	require.Equal(t, []string{"cmd/internal/app/archive.go"}, callers)
}
