package queries_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/testdb"
	"nonassociations/queries"
)

// A plan is kept by its session after five executions, so each question is asked
// often while the tables are so small that reading all of them would be cheapest.
func TestNoAnswerReadsAWholeTable(t *testing.T) {
	tables := []string{"read_1.prisoner", "read_1.non_association", "read_1.pair", "read_1.merge"}
	p := newProjector(t)
	p.tables()
	p.exec(`INSERT INTO read_1.prisoner VALUES ('A1234BC', '{}', '')`)
	p.exec(`INSERT INTO read_1.pair VALUES ('A1234BC_B1234BC', '{}', 1, '{}')`)
	p.exec(`INSERT INTO read_1.non_association VALUES (gen_random_uuid(), 'A1234BC_B1234BC', 'A1234BC', 'B1234BC', '', '', '', true)`)
	p.merges("C1111CC>A1234BC", "A1111AA>C1111CC", "-A1111AA>B1111BB")
	p.exec(`ANALYZE read_1.prisoner, read_1.non_association, read_1.pair, read_1.merge`)
	require.NoError(t, p.conn.Close(context.Background()))
	before := testdb.Scans(t, p.dsn, tables...)

	reader, err := queries.Open(t.Context(), p.dsn, queries.Options{Logger: slog.New(slog.DiscardHandler), MaxConns: 1})
	require.NoError(t, err)
	wanted := queries.Wanted{Open: true, Today: today}
	for range 12 {
		for _, number := range []domain.PrisonerNumber{number, "A1111AA", "Z1111ZZ"} {
			_, err := reader.List(t.Context(), number)
			require.NoError(t, err)
			_, err = reader.OfPrisoner(t.Context(), number)
			require.NoError(t, err)
			_, err = reader.MergedWith(t.Context(), number)
			require.NoError(t, err)
			_, err = reader.RemovedInto(t.Context(), number)
			require.NoError(t, err)
			_, err = reader.Survivors(t.Context(), number, "Z1111ZZ")
			require.NoError(t, err)
			_, err = reader.Between(t.Context(), []domain.PrisonerNumber{number, "Z2222ZZ"}, wanted)
			require.NoError(t, err)
			_, err = reader.Involving(t.Context(), []domain.PrisonerNumber{number, "Z2222ZZ"}, wanted)
			require.NoError(t, err)
		}
		_, _, err = reader.PairOf(t.Context(), uuid.New())
		require.NoError(t, err)
	}
	reader.Close()
	require.Equal(t, before, testdb.Scans(t, p.dsn, tables...))
}
