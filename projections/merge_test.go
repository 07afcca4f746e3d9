package projections_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

// A record that moves to another pair is shown there and no longer here, for a
// moment in both, and its id leads to where it is.
func TestMergedRecord_movesFromTheOldPairToTheNewOne(t *testing.T) {
	log := newLog(t)
	dsn, conn := database(t)
	r := start(t, log.log, dsn)
	old, renumbering := pairOf(t, "A1111AA", "R1111RR"), domain.Renumbering{Previous: "R1111RR", Number: "B1111BB", Reason: domain.ByMerge}
	fresh := pairOf(t, "A1111AA", "B1111BB")
	log.sync(old, item(old, "2021-07-05T10:35:17", domain.CodeVictim, domain.CodePerpetrator))
	closed := item(old, "2020-01-02T03:04:05", domain.CodeBullying, domain.CodePerpetrator)
	closed.ExpiryDate = text[domain.LocalDateTime]("2020-02-01T00:00:00")
	log.sync(old, closed)
	moving, stays := log.states[old].Items[0], log.states[old].Items[1]

	log.execute(fresh, domain.Merge, domain.TransferIn{
		Renumbering: renumbering, From: old, Revision: 1, Records: []domain.TransferredRecord{{NonAssociation: renumbering.Of(moving)}},
	})
	r.reaches(t, log.last)
	require.Eventually(t, func() bool { return viewsThere(conn) }, patience, poll)
	require.Regexp(t, `"R1111RR".*"[BR]1111[BR]{2}".*"[BR]1111[BR]{2}"`, document(t, conn, "A1111AA"), "twice, never missing")
	require.Contains(t, document(t, conn, "B1111BB"), `"A1111AA"`)

	log.execute(old, domain.Merge, domain.TransferOut{Renumbering: renumbering, IDs: []uuid.UUID{moving.ID}, Revision: 1, To: fresh})
	r.reaches(t, log.last)
	require.NotRegexp(t, `2021-07-05`, document(t, conn, "R1111RR"))
	require.Regexp(t, `R1111RR.*B1111BB`, document(t, conn, "A1111AA"))
	for id, pair := range map[uuid.UUID]domain.Pair{moving.ID: fresh, stays.ID: old} {
		require.True(t, isTrue(conn, `SELECT pair = $2 FROM read.non_association WHERE id = $1`, [16]byte(id), pair.String()))
	}
	log.execute(old, domain.NOMIS, domain.Delete{ID: stays.ID}) // what is left is still its own
	r.reaches(t, log.last)
	require.Equal(t, `{"prisonerNumber":"R1111RR","nonAssociations":[]}`, document(t, conn, "R1111RR"))

	live := contents(t, conn)
	r.end()
	again, conn := database(t)
	start(t, log.log, again).reaches(t, log.last)
	require.Equal(t, live, contents(t, conn), "built at once it is the same")
}
