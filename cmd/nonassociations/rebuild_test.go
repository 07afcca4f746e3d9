package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/projections"
)

// record is a database with a log and a read model of it. The environment of this
// process names it.
func record(t *testing.T) (*pgx.Conn, uuid.UUID) {
	t.Helper()
	dsn, conn, id := newRecord(t)
	t.Setenv("DATABASE_URL", dsn)
	t.Setenv("EVENTSTORE_URL", dsn)
	return conn, id
}

// newRecord is the same for a test that runs beside others: no variable is set.
func newRecord(t *testing.T) (dsn string, conn *pgx.Conn, id uuid.UUID) {
	t.Helper()
	dsn = schemas.New(t)
	log, err := postgres.Open(t.Context(), dsn, postgres.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	id, err = eventstore.WriteIdentity(t.Context(), log, uuid.New())
	require.NoError(t, err)
	require.NoError(t, log.Close(t.Context()))
	require.NoError(t, projections.AdoptLog(t.Context(), dsn, projections.CurrentGeneration, id))
	conn, err = pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	return dsn, conn, id
}

// printed is what a run prints, and its exit status.
func printed(t *testing.T, args ...string) (string, int) {
	t.Helper()
	out, in, err := os.Pipe()
	require.NoError(t, err)
	was := os.Stdout
	os.Stdout = in
	status := run(args)
	os.Stdout = was
	require.NoError(t, in.Close())
	var text bytes.Buffer
	_, err = text.ReadFrom(out)
	require.NoError(t, err)
	return text.String(), status
}

func TestRebuild_isDoneOnlyWhenItIsConfirmed(t *testing.T) {
	conn, id := record(t)
	_, err := conn.Exec(t.Context(), `INSERT INTO read_1.prisoner VALUES ('A1234BC', '{}', '')`)
	require.NoError(t, err)
	rows := func() (n int) {
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM read_1.prisoner`).Scan(&n))
		return n
	}
	for _, args := range [][]string{
		{"rebuild"}, {"rebuild", "--adopt-log", "x", "--yes"}, {"rebuild", "--adopt-log", uuid.NewString(), "--yes"},
	} {
		_, status := printed(t, args...)
		require.Equal(t, 1, status, args)
	}
	text, status := printed(t, "rebuild", "--dry-run", "--yes")
	require.Zero(t, status)
	require.Contains(t, text, id.String())
	require.Contains(t, text, "Nothing was done yet")
	require.Equal(t, 1, rows())
	for _, args := range [][]string{{"rebuild", "--yes"}, {"rebuild", "--adopt-log", id.String(), "--yes"}} {
		text, status = printed(t, args...)
		require.Zero(t, status)
		require.Contains(t, text, "is dropped")
		require.Zero(t, rows())
	}
}
