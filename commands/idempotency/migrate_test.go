package idempotency_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/commands/idempotency"
	"nonassociations/internal/dev/testdb"
)

// appendKey is the lock that every append to the log in Postgres holds, as its
// migration says.
const appendKey = 7305810324571

func TestMigrating_doesNotWaitForAppends(t *testing.T) {
	dsn := testdb.New(t)
	writer, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, writer.Close(t.Context())) }()
	_, err = writer.Exec(t.Context(), "SELECT pg_advisory_lock($1)", int64(appendKey))
	require.NoError(t, err)
	require.NoError(t, idempotency.Migrate(t.Context(), dsn), "an append that is under way holds no migration up, nor the other way round")
}
