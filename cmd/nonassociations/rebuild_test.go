package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/projections"
	"nonassociations/projections/rebuild"
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
	require.NoError(t, projections.AdoptLog(t.Context(), dsn, projections.FirstGeneration, id))
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

func TestAdoptLog_isDoneOnlyWhenItIsConfirmed(t *testing.T) {
	conn, id := record(t)
	_, err := conn.Exec(t.Context(), `INSERT INTO read_1.prisoner VALUES ('A1234BC', '{}', '')`)
	require.NoError(t, err)
	rows := func() (n int) {
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM read_1.prisoner`).Scan(&n))
		return n
	}
	for status, args := range map[int][]string{
		exitUsage: {"rebuild", "--adopt-log", "x", "--yes"}, 2: {"rebuild", "--adopt-log", uuid.NewString(), "--yes"},
	} {
		_, got := printed(t, args...)
		require.Equal(t, status, got, args)
	}
	_, status := printed(t, "rebuild", "--adopt-log", id.String())
	require.Equal(t, 2, status)
	text, status := printed(t, "rebuild", "--adopt-log", id.String(), "--dry-run", "--yes")
	require.Zero(t, status)
	require.Contains(t, text, id.String())
	require.Contains(t, text, "Nothing was done yet")
	require.Equal(t, 1, rows())
	text, status = printed(t, "rebuild", "--adopt-log", id.String(), "--yes", "--user", "JSMITH")
	require.Zero(t, status)
	require.Contains(t, text, "is dropped")
	require.Zero(t, rows())
}

// projectedOnce runs a projector until the read model answers.
func projectedOnce(t *testing.T, dsn string) {
	t.Helper()
	log, err := postgres.Open(t.Context(), dsn, postgres.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	runner := projections.New(projections.Options{Store: log, DSN: dsn, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	require.Eventually(t, func() bool { return runner.Status().CaughtUp }, time.Minute, 5*time.Millisecond)
	stop()
	require.NoError(t, <-ended)
	require.NoError(t, log.Close(t.Context()))
}

// TestRebuild_exitsAndPrintsByItsOutcome walks the outcomes of the command line.
func TestRebuild_exitsAndPrintsByItsOutcome(t *testing.T) {
	conn, _ := record(t)
	dsn := os.Getenv("DATABASE_URL")
	projectedOnce(t, dsn)
	ask := func(args ...string) (report rebuild.Report, status int) {
		t.Helper()
		text, status := printed(t, append(args, "--json")...)
		if text != "" {
			require.NoError(t, json.Unmarshal([]byte(text), &report), text)
		}
		return report, status
	}
	_, status := ask("rebuild", "--back")
	require.Equal(t, 2, status, "none is kept")
	report, status := ask("rebuild", "--dry-run")
	require.Zero(t, status)
	require.Equal(t, rebuild.Would, report.Status)
	require.NotNil(t, report.Expected)
	report, status = ask("rebuild", "--yes")
	require.Zero(t, status)
	require.Equal(t, rebuild.Flipped, report.Status)
	require.Equal(t, 2, *report.To)

	_, err := conn.Exec(t.Context(), `INSERT INTO read_2.prisoner VALUES ('A1234BC', '{}', '')`)
	require.NoError(t, err)
	text, status := printed(t, "verify", "read-model", "--json")
	require.Equal(t, 1, status)
	require.Contains(t, text, `"key":"A1234BC","kind":"EXTRA"`)
	report, status = ask("rebuild")
	require.Equal(t, 1, status)
	require.Equal(t, rebuild.Differs, report.Status)
	require.Equal(t, 1, report.Total)
	report, status = ask("rebuild", "--prisoner", "a1234bc")
	require.Zero(t, status)
	require.Equal(t, rebuild.Renewed, report.Status)
	_, status = printed(t, "verify", "read-model")
	require.Zero(t, status)
	_, err = conn.Exec(t.Context(), `INSERT INTO read_2.prisoner VALUES ('A1234BC', '{}', '')`)
	require.NoError(t, err)
	report, status = ask("rebuild", "--accept-differences", "--user", "JSMITH")
	require.Zero(t, status)
	require.Equal(t, rebuild.Flipped, report.Status)
	report, status = ask("rebuild", "--back", "--user", "JSMITH")
	require.Zero(t, status)
	require.Equal(t, rebuild.BackDone, report.Status)
	report, status = ask("rebuild", "--pair", "A1234BC", "D5678EF")
	require.Zero(t, status)
	require.Equal(t, rebuild.Renewed, report.Status)

	all := acts(t, dsn)
	require.Equal(t, "rebuild --back", all[0].Action)
	require.Equal(t, "rebuild --accept-differences", all[1].Action)
	require.Equal(t, "JSMITH", all[1].User)
	require.Contains(t, all[1].Done, "EXTRA prisoner A1234BC")

	_, err = conn.Exec(t.Context(), `SELECT pg_advisory_lock(hashtextextended('lease rebuild', 0))`)
	require.NoError(t, err)
	report, status = ask("rebuild")
	require.Equal(t, 3, status)
	require.Equal(t, rebuild.Refused, report.Status)
	_, status = printed(t, "verify", "read-model")
	require.Equal(t, 3, status)
	for _, args := range [][]string{
		{"rebuild", "--pair", "A1234BC"},
		{"rebuild", "--prisoner", "X"},
		{"rebuild", "--back", "--dry-run"},
		{"rebuild", "--back", "--accept-differences"},
		{"verify", "read-model", "--limit", "0"},
	} {
		_, status = printed(t, args...)
		require.Equal(t, exitUsage, status, args)
	}
}
