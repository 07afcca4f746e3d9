package queries_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/testdb"
	"nonassociations/queries"
)

// A plan is kept by its session after five executions, so each question is asked
// often while the tables are so small that reading all of them would be cheapest.
func TestNoAnswerReadsAWholeTable(t *testing.T) {
	tables := []string{"read_1.prisoner", "read_1.non_association"}
	p := newProjector(t)
	p.exec(readModel)
	p.exec(`INSERT INTO read_1.prisoner VALUES ('A1234BC', '{}')`)
	p.exec(`INSERT INTO read_1.non_association VALUES (gen_random_uuid(), 'A1234BC_B1234BC')`)
	p.exec(`ANALYZE read_1.prisoner, read_1.non_association`)
	require.NoError(t, p.conn.Close(context.Background()))
	before := testdb.Scans(t, p.dsn, tables...)

	reader, err := queries.Open(t.Context(), p.dsn, queries.Options{Logger: slog.New(slog.DiscardHandler), MaxConns: 1})
	require.NoError(t, err)
	for range 12 {
		_, err := reader.List(t.Context(), number)
		require.NoError(t, err)
		_, _, err = reader.PairOf(t.Context(), uuid.New())
		require.NoError(t, err)
	}
	reader.Close()
	require.Equal(t, before, testdb.Scans(t, p.dsn, tables...))
}
