package projections_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/projections"
)

// Keys are put off while the tables are filled. One log never needs them before
// the end; in the other a later batch asks for rows of an earlier one.
func TestKeys_areThereWhenTheReadModelAnswers(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]bool{"never looked up": false, "looked up on the way": true} {
		t.Run(name, func(t *testing.T) {
			log := newLog(t)
			for i := range 40 {
				pair := pairOf(t, "A1111AA", fmt.Sprintf("B11%02dBB", i))
				log.sync(pair, item(pair, "2021-07-05T10:35:17", domain.CodeVictim, domain.CodePerpetrator))
			}
			for i := range 40 {
				if again {
					pair := pairOf(t, "A1111AA", fmt.Sprintf("B11%02dBB", i))
					log.sync(pair, item(pair, "2021-07-05T10:35:17", domain.CodeBullying, domain.CodePerpetrator))
				}
			}
			dsn, conn := database(t)
			r := start(t, log.log, dsn, func(o *projections.Options) { o.BatchCatchup = 7 })
			r.reaches(t, log.last)
			require.Eventually(t, func() bool { return viewsThere(conn) }, patience, poll)
			require.True(t, isTrue(conn, `SELECT array_agg(pg_get_constraintdef(oid) ORDER BY conrelid::regclass::text) = ARRAY[
				'PRIMARY KEY (id) INCLUDE (expires, deleted)', 'PRIMARY KEY (pair)', 'PRIMARY KEY (prisoner_number)']
				FROM pg_constraint WHERE contype = 'p'
				AND conrelid = ANY('{read_1.pair,read_1.prisoner,read_1.non_association}'::regclass[])`), "as the schema has them")
			requireDocumentsOf(t, conn, log)
			requireRecordRowsOf(t, conn, log)
		})
	}
}
