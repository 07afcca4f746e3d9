package publisher_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/npm"
)

func TestDocuments_AsyncAPI_parses_without_a_hint(t *testing.T) {
	require.Empty(t, npm.AsyncAPI(t, filepath.Join(documents, "asyncapi.json")))
}
