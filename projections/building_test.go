package projections_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain/domaintest"
	"nonassociations/projections"
	"nonassociations/projections/generation"
)

// TestBuilding_ofTwoPrisonersHasTheRowsOfTheirPair: they are those of a whole read model,
// whichever records merges moved to the pair and away from it.
func TestBuilding_ofTwoPrisonersHasTheRowsOfTheirPair(t *testing.T) {
	t.Parallel()
	_, conn := database(t)
	numbers := rapid.SampledFrom([]string{"A1111AA", "B1111BB", "C1111CC", "D1111DD"})
	left := 0
	rapid.Check(t, func(rt *rapid.T) {
		log, ctx := randomLog(rt), context.Background()
		drop(rt, conn)
		_, err := conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+generation.Verification.Schema()+" CASCADE")
		require.NoError(rt, err)
		require.NoError(rt, begin(rt, conn, log).Work(ctx, conn, ownEvents(rt, log.log), false))
		one := numbers.Draw(rt, "of")
		pair := pairOf(rt, one, numbers.Filter(func(n string) bool { return n != one }).Draw(rt, "and"))
		of := pair.Numbers()
		b, err := projections.Build(ctx, conn, projections.BuildOptions{
			Store: log.log, Generation: generation.Verification, London: domaintest.London, Of: of[:], Progress: func(uint64) {},
		})
		require.NoError(rt, err)
		require.NoError(rt, b.Through(ctx, nil))
		require.EqualValues(rt, len(ownEvents(rt, log.log)), b.Trail().Events, "what was read, not what was applied")
		either := fmt.Sprintf("('%s', '%s')", of[0], of[1])
		for _, table := range []string{"pair", "non_association", "mapping", "fact_index", "prisoner", "merge"} {
			where := "pair = '" + pair.String() + "'"
			switch table {
			case "prisoner":
				where = "prisoner_number IN " + either
			case "merge":
				where = "removed IN " + either + " AND survivor IN " + either
			}
			require.Equal(rt, rowsWhere(rt, conn, projections.FirstGeneration, table, where), rowsWhere(rt, conn, generation.Verification, table, where), table)
		}
		if len(rowsWhere(rt, conn, projections.FirstGeneration, "pair", "true")) > len(rowsWhere(rt, conn, generation.Verification, "pair", "true")) {
			left++
		}
	})
	require.Positive(t, left, "the pairs of others are never built")
}

func rowsWhere(t require.TestingT, conn *pgx.Conn, of generation.Number, table, where string) []string {
	rows, err := conn.Query(context.Background(), "SELECT row_to_json(t)::text FROM "+of.Schema()+"."+table+" t WHERE "+where+" ORDER BY 1")
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return found
}
