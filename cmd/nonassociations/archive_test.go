package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence/logcheck"
	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/testdb"
	"nonassociations/web/shape"
)

// empty are databases without a table.
var empty = testdb.NewTemplate()

// archived runs archive write.
func archived(t *testing.T, dir string, expected int) (written shape.Archived) {
	t.Helper()
	text, status := printed(t, "archive", "write", "--json", "--to", dir)
	require.Equal(t, expected, status, text)
	if status == 0 {
		require.NoError(t, json.Unmarshal([]byte(text), &written))
	}
	return written
}

func (s *signedLog) verifyArchive(t *testing.T, dir string) (logcheck.Result, int) {
	t.Helper()
	text, status := printed(t, "archive", "verify", "--json", "--from", dir, "--key", s.key.VKey, "--key", s.witness.VKey)
	var r logcheck.Result
	if text != "" {
		require.NoError(t, json.Unmarshal([]byte(text), &r))
	}
	return r, status
}

// TestArchive_growsAndIsVerified: what is new is added, the folder is good without any
// store, each kind of damage is found, and neither the folder of another log nor another
// log is taken.
func TestArchive_growsAndIsVerified(t *testing.T) {
	s := newSignedLog(t)
	t.Setenv("DATABASE_URL", s.dsn)
	t.Setenv("EVENTSTORE_URL", s.dsn)
	dir := filepath.Join(t.TempDir(), "archive")
	first := archived(t, dir, 0)
	require.EqualValues(t, 24, first.Facts)
	require.EqualValues(t, 20, first.Head.Size)
	require.Zero(t, archived(t, dir, 0).Facts)
	s.add(t, 3)
	more := archived(t, dir, 0)
	require.EqualValues(t, 3, more.Facts)
	require.Equal(t, first.Position, more.From)
	other := filepath.Join(t.TempDir(), "other")
	require.NoError(t, os.MkdirAll(other, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(other, "notes.txt"), nil, 0o600))
	archived(t, other, 3)

	t.Setenv("DATABASE_URL", "")
	t.Setenv("EVENTSTORE_URL", "")
	r, status := s.verifyArchive(t, dir)
	require.Zero(t, status, "%+v", r)
	require.EqualValues(t, 27, r.Facts)
	require.EqualValues(t, 7, r.Unsigned)
	require.EqualValues(t, 1, r.Heads.Good)
	require.EqualValues(t, 1, r.Cosignatures.Good)
	for _, name := range []string{"log/000000000.ndjson", "tile/0/000.p/20", "tile/entries/000.p/20", "checkpoint", "SHA256SUMS", "store-id"} {
		path := filepath.Join(dir, name)
		was, err := os.ReadFile(path)
		require.NoError(t, err)
		damaged := append([]byte(nil), was...)
		damaged[len(damaged)/3] ^= 1
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		_, status := s.verifyArchive(t, dir)
		require.NotZero(t, status, name)
		require.NoError(t, os.WriteFile(path, was, 0o600))
	}
	_, status = s.verifyArchive(t, dir)
	require.Zero(t, status)

	another := newSignedLog(t)
	t.Setenv("DATABASE_URL", another.dsn)
	t.Setenv("EVENTSTORE_URL", another.dsn)
	archived(t, dir, 3)
}

// TestArchive_isRestored: into an empty log alone, with id, positions and times, so that the
// log verifies; and of a log whose last 10 facts are gone the archive names them.
func TestArchive_isRestored(t *testing.T) {
	s := newSignedLog(t)
	t.Setenv("DATABASE_URL", s.dsn)
	t.Setenv("EVENTSTORE_URL", s.dsn)
	dir := filepath.Join(t.TempDir(), "archive")
	archived(t, dir, 0)
	events, err := s.log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 1000)
	require.NoError(t, err)

	_, status := printed(t, "archive", "restore", "--from", dir, "--into", s.dsn)
	require.Equal(t, 3, status, "it is not empty")
	_, status = printed(t, "archive", "restore", "--from", dir, "--into", "esdb://localhost?tls=false")
	require.Equal(t, 3, status)
	into := empty.New(t)
	text, status := printed(t, "archive", "restore", "--json", "--from", dir, "--into", into)
	require.Zero(t, status, text)
	restored, err := postgres.Open(t.Context(), into, postgres.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, restored.Close(t.Context())) }()
	again, err := restored.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 1000)
	require.NoError(t, err)
	require.Len(t, again, len(events))
	for i := range again[1:] {
		require.Equal(t, events[i+1], again[i+1])
	}
	require.Equal(t, events[0].Event, again[0].Event, "the log's id")
	require.Equal(t, events[0].Position, again[0].Position)

	t.Setenv("DATABASE_URL", "")
	t.Setenv("EVENTSTORE_URL", into)
	r, status := s.verify(t, "--archive", dir)
	require.Zero(t, status, "%+v", r)
	require.True(t, r.Against.Prefix)

	t.Setenv("EVENTSTORE_URL", s.dsn)
	_, err = s.conn.Exec(t.Context(), `DELETE FROM eventstore.events WHERE stream >= 'nonAssociation-A1234BC-A0010BD' AND stream < 'nonAssociation-B'`)
	require.NoError(t, err)
	r, status = s.verify(t, "--archive", dir)
	require.Equal(t, 1, status)
	require.EqualValues(t, 10, r.Against.Missing)
	require.Equal(t, s.ids[10:20], r.Against.MissingEvents)
	require.Equal(t, s.ids[10], *r.Problems[0].EventID)
	t.Setenv("DATABASE_URL", s.dsn)
	archived(t, dir, 1)
}
