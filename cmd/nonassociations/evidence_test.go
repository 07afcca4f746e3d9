package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEvidenceKeyNew_ifNoneMakesOneKey: a job that runs again changes no key.
func TestEvidenceKeyNew_ifNoneMakesOneKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "evidence.key")
	for name, value := range map[string]string{
		"DATABASE_URL": "postgres://localhost/unused", "EVENTSTORE_URL": "embedded", "EVIDENCE_ORIGIN": "x.test/evidence", "EVIDENCE_KEY_FILE": file,
	} {
		t.Setenv(name, value)
	}
	first, status := printed(t, "evidence", "key", "new", "--if-none")
	require.Equal(t, 0, status, first)
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	again, status := printed(t, "evidence", "key", "new", "--if-none")
	require.Equal(t, 0, status, again)
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.Contains(t, first, again, "the key that signs is printed")

	require.NoError(t, os.WriteFile(file, []byte("no key"), 0o600))
	text, status := printed(t, "evidence", "key", "new", "--if-none")
	require.Equal(t, 2, status, "a file that is wrong is not overwritten: %s", text)
}
