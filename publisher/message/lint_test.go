package message_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/npm"
)

func TestDocuments_asyncAPIParsesWithoutAHint(t *testing.T) {
	require.Empty(t, npm.AsyncAPI(t, filepath.Join(documents, "asyncapi.json")))
}
