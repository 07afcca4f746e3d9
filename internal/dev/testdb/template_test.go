package testdb_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/testdb"
)

func TestTemplate_migratesOnceAndGivesEachTestADatabaseOfItsOwn(t *testing.T) {
	t.Setenv(testdb.Variable, "")
	var runs atomic.Int32
	template := testdb.NewTemplate(statement(&runs, "CREATE TABLE here (n int UNIQUE)"), statement(&runs, "INSERT INTO here VALUES (1)"))
	var given []string
	t.Run("two", func(t *testing.T) {
		one, two := template.New(t), template.New(t)
		require.NotEqual(t, one, two)
		run(t, one, "INSERT INTO here VALUES (2)")
		run(t, two, "INSERT INTO here VALUES (2)")
		given = append(given, one, two)
	})
	run(t, template.New(t), "INSERT INTO here VALUES (2)")
	require.EqualValues(t, 2, runs.Load(), "each of two migrations once")
	for _, dsn := range given {
		_, err := pgx.Connect(t.Context(), dsn)
		require.ErrorContains(t, err, "does not exist", "it is dropped with its test")
	}
}

// TestTemplate_migratesEachDatabaseOnAServerOfOthers leaves nothing on that server.
func TestTemplate_migratesEachDatabaseOnAServerOfOthers(t *testing.T) {
	server := testdb.NewServer(t)
	t.Setenv(testdb.Variable, server.DSN())
	var runs atomic.Int32
	template := testdb.NewTemplate(statement(&runs, "CREATE TABLE here (n int)"))
	t.Run("two", func(t *testing.T) {
		run(t, template.New(t), "INSERT INTO here VALUES (1)")
		run(t, template.New(t), "INSERT INTO here VALUES (1)")
	})
	require.EqualValues(t, 2, runs.Load())
	conn, err := pgx.Connect(t.Context(), server.DSN())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var left int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_database WHERE datname LIKE 'test%'").Scan(&left))
	require.Zero(t, left)
}

// statement returns a migration that runs one statement and counts its runs.
func statement(runs *atomic.Int32, sql string) func(context.Context, string) error {
	return func(ctx context.Context, dsn string) error {
		runs.Add(1)
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, sql)
		return errors.Join(err, conn.Close(ctx))
	}
}
