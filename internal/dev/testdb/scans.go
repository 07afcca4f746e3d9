package testdb

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Scans is how often any of some tables was read whole. What a session did is
// counted when it has ended: all but the one that asks must end first.
func Scans(t testing.TB, dsn string, tables ...string) int {
	t.Helper()
	return counted(t, dsn, `SELECT sum(seq_scan)::int FROM pg_stat_user_tables WHERE relid = ANY($1::text[]::regclass[])`, tables)
}

// Entries is how many entries of indexes of some tables were read by scans, on
// the same terms as Scans.
func Entries(t testing.TB, dsn string, tables ...string) int {
	t.Helper()
	return counted(t, dsn, `SELECT sum(idx_tup_read)::int FROM pg_stat_user_indexes WHERE relid = ANY($1::text[]::regclass[])`, tables)
}

// counted reads a counter of the statistics when all other sessions have ended.
func counted(t testing.TB, dsn, sql string, tables []string) (count int) {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer conn.Close(ctx)
	require.Eventually(t, func() bool {
		var others int
		err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
			AND backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&others)
		return err == nil && others == 0
	}, 20*time.Second, 10*time.Millisecond)
	require.NoError(t, conn.QueryRow(ctx, sql, tables).Scan(&count))
	return count
}
