package projections_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// The facts of the switch-over change no row. A pair that began with an ignored item has
// no record, and the next fact continues from there.
func TestSwitchOver_changesNoRowAndIgnoredItemsAreNoRecords(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	facts, err := domain.SwitchOver{}.Decide(domain.SwitchInbound{Reason: "Over", Force: true}, log.now, domain.Cause{CommandID: uuid.New(), Source: domain.DPS})
	require.NoError(t, err)
	appended, err := log.log.Append(t.Context(), eventstore.Append{
		Stream: domain.SwitchOverStream, Expected: eventstore.NoStream, Events: []eventstore.Event{eventstore.Encode(facts[0])},
	})
	require.NoError(t, err)

	dsn, conn := database(t)
	runner := start(t, log.log, dsn)
	runner.reaches(t, appended.Position)
	require.Len(t, contents(t, conn), 1, "the place of the fact alone")
	require.True(t, isTrue(conn, `SELECT pair IS NULL AND "commit" = $1 FROM read_1.fact_index`, appended.Position.Commit))

	pair := pairOf(t, "A1111AA", "B1111BB")
	told := item(pair, "2021-07-05T10:35:17", domain.CodeVictim, domain.CodePerpetrator)
	log.execute(pair, domain.NOMIS, domain.AsSwitched(domain.Sync{About: pair.Numbers()[0], Items: []domain.Item{told}}))
	runner.reaches(t, log.last)
	require.JSONEq(t, `{"prisonerNumber":"A1111AA","nonAssociations":[]}`, document(t, conn, "A1111AA"))
	require.Zero(t, countRecords(t, conn.QueryRow(context.Background(), `SELECT count(*) FROM read.non_association`)))

	log.sync(pair, told)
	runner.reaches(t, log.last)
	require.Contains(t, document(t, conn, "A1111AA"), "2021-07-05T10:35:17")
	require.Equal(t, 1, countRecords(t, conn.QueryRow(context.Background(), `SELECT count(*) FROM read.non_association`)))
}

func countRecords(t *testing.T, row interface{ Scan(dest ...any) error }) (count int) {
	t.Helper()
	require.NoError(t, row.Scan(&count))
	return count
}
