package api_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/npm"
)

func TestLinter_findsNothingInTheDocument(t *testing.T) {
	require.Empty(t, npm.OpenAPI(t, "openapi.json"))
}

// TestPage_isThatOfItsPackage: what others made is here as they published it,
// with its licence.
func TestPage_isThatOfItsPackage(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join("swagger-ui", "dist"))
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	licensed := false
	for _, entry := range entries {
		ours, err := os.ReadFile(filepath.Join("swagger-ui", "dist", entry.Name()))
		require.NoError(t, err)
		theirs, err := os.ReadFile(npm.File(t, "swagger-ui-dist/"+entry.Name()))
		require.NoError(t, err, "%s is not in the package: what is our own stands beside dist", entry.Name())
		require.True(t, bytes.Equal(ours, theirs), "%s is not that of the pinned package: copy it anew", entry.Name())
		licensed = licensed || entry.Name() == "LICENSE"
	}
	require.True(t, licensed)
}
