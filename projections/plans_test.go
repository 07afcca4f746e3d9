package projections_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/testdb"
)

// A plan is kept by its session after five executions, so a dozen batches come
// while the tables are so small that reading all of them would be cheapest.
func TestBatches_readNoWholeTable(t *testing.T) {
	tables := []string{"read_1.pair", "read_1.non_association", "read_1.prisoner", "read_1.merge", "read_1.mapping", "read_1.fact_index"}
	log := someLog(t, "B1111BB")
	dsn, conn := database(t)
	require.NoError(t, conn.Close(context.Background()))
	first := start(t, log.log, dsn)
	first.reaches(t, log.last)
	require.Eventually(t, func() bool { return first.Status().CaughtUp }, patience, poll)
	first.end()
	before := testdb.Scans(t, dsn, tables...)

	second := start(t, log.log, dsn)
	require.Eventually(t, func() bool { return second.Status().CaughtUp }, patience, poll)
	for i := range 12 {
		log.syncWith(fmt.Sprintf("C11%02dCC", i))
		message := log.merge(domain.PrisonerNumber(fmt.Sprintf("D11%02dDD", i)), "E1111EE")
		log.unmerge(message)
		second.reaches(t, log.last)
	}
	second.end()
	require.Equal(t, before, testdb.Scans(t, dsn, tables...))
}
