package projections_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// A read model that caught up under an older build lacks what that build did
// not know; its rows are whole, and it is not built again for an index.
func TestReadModel_ofAnOlderBuildGetsTheIndexesThatItLacks(t *testing.T) {
	t.Parallel()
	log := someLog(t, "B1111BB")
	dsn, conn := database(t)
	first := start(t, log.log, dsn)
	first.reaches(t, log.last)
	require.Eventually(t, func() bool { return first.Status().CaughtUp }, patience, poll)
	first.end()

	// All that there are beside keys and the two of merges, which come with the table.
	const made = `SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'read_1' AND tablename <> 'merge'
		AND indexname NOT LIKE '%_pkey' ORDER BY indexname`
	all := definitions(t, conn, made)
	require.Contains(t, all, "by_second_of_pair")
	marked := `UPDATE read_1.pair SET facts = facts + 1000` // a read model that is built again has no mark
	_, err := conn.Exec(t.Context(), marked)
	require.NoError(t, err)

	for name := range all {
		_, err := conn.Exec(t.Context(), `DROP INDEX read_1.`+name)
		require.NoError(t, err)
		second := start(t, log.log, dsn)
		require.Eventually(t, func() bool { return second.Status().CaughtUp }, patience, poll)
		second.end()
		require.Equal(t, all, definitions(t, conn, made), "without %s", name)
	}
	var kept bool
	require.NoError(t, conn.QueryRow(context.Background(), `SELECT bool_and(facts > 1000) FROM read_1.pair`).Scan(&kept))
	require.True(t, kept, "nothing was built again")
}

// definitions are of indexes, by their names.
func definitions(t *testing.T, conn *pgx.Conn, sql string) map[string]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql)
	require.NoError(t, err)
	found := map[string]string{}
	var name, definition string
	_, err = pgx.ForEachRow(rows, []any{&name, &definition}, func() error {
		found[name] = definition
		return nil
	})
	require.NoError(t, err)
	return found
}
