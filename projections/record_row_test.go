package projections_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

type line struct {
	ID                                uuid.UUID
	Pair                              string
	First, Second                     domain.PrisonerNumber
	WhenCreated, WhenUpdated, Expires string
	Hidden                            bool
}

// requireRecordRowsOf compares every line with what the folded states say.
func requireRecordRowsOf(t require.TestingT, conn *pgx.Conn, log *logWriter) {
	var want []line
	for pair, state := range log.states {
		for _, n := range state.Items {
			l := line{
				ID: n.ID, Pair: pair.String(), First: n.FirstPrisoner, Second: pair.Other(n.FirstPrisoner),
				WhenCreated: string(n.EffectiveDate), WhenUpdated: n.UpdatedAt.UTC().Format("2006-01-02T15:04:05"),
				Expires: "never", Hidden: n.Deleted,
			}
			if n.ExpiryDate != nil {
				l.Expires = string(*n.ExpiryDate)
			}
			want = append(want, l)
		}
	}
	require.ElementsMatch(t, want, lines(t, conn))
}

func lines(t require.TestingT, conn *pgx.Conn) []line {
	rows, err := conn.Query(context.Background(), `SELECT id, pair, first_number, second_number,
		when_created, when_updated, expires, deleted FROM read_1.non_association ORDER BY id`)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[line])
	require.NoError(t, err)
	return found
}

// A record goes to another pair, is changed in the old one meanwhile, goes
// again, and comes back: wherever that is cut, its line is the same.
func TestRecordRow_isThatOfThePairInWhichItArrivedLast(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	old, fresh := pairOf(t, "A1111AA", "R1111RR"), pairOf(t, "A1111AA", "B1111BB")
	renumbering := domain.Renumbering{Previous: "R1111RR", Number: "B1111BB", Reason: domain.ByMerge}
	log.sync(old, item(old, "2021-07-05T10:35:17", domain.CodeVictim, domain.CodePerpetrator))
	id := log.states[old].Items[0].ID
	arrive := func(from, to domain.Pair, by domain.Renumbering, revision uint64) {
		i := log.states[from].Find(id)
		log.execute(to, domain.Merge, domain.TransferIn{
			Renumbering: by, From: from, Revision: revision, Records: []domain.TransferredRecord{{NonAssociation: by.Of(log.states[from].Items[i])}},
		})
	}
	arrive(old, fresh, renumbering, 0)
	log.execute(old, domain.DPS, domain.Close{ID: id, ClosedReason: "over"}) // just before it leaves
	arrive(old, fresh, renumbering, 1)
	log.execute(old, domain.Merge, domain.TransferOut{Renumbering: renumbering, IDs: []uuid.UUID{id}, Revision: 1, To: fresh})

	events := ownEvents(t, log.log)
	require.GreaterOrEqual(t, len(events), 4)
	var want []line
	for cut := 1; cut <= len(events); cut++ {
		_, conn := database(t)
		hand := begin(t, conn, log)
		require.NoError(t, hand.Work(t.Context(), conn, events[:cut], false))
		if cut < len(events) {
			require.NoError(t, hand.Work(t.Context(), conn, events[cut:], false))
		}
		got := lines(t, conn)
		require.Len(t, got, 1)
		require.Equal(t, fresh.String(), got[0].Pair)
		require.NotEqual(t, "never", got[0].Expires)
		if cut > 1 {
			require.Equal(t, want, got, "cut behind %d", cut)
		}
		want = got
	}
}

// Facts hold times in UTC, an hour behind the wall clock in summer.
func TestRecordRow_sortsToTheFractionOfASecond(t *testing.T) {
	t.Parallel()
	london := domaintest.London
	for _, month := range []time.Month{time.January, time.July} {
		log := newLog(t)
		log.now = time.Date(2024, month, 1, 12, 0, 0, 123456000, london)
		pair := pairOf(t, "A1111AA", "B1111BB")
		log.execute(pair, domain.DPS, domain.Open{
			FirstPrisoner: "A1111AA", Comment: "Apart", Reason: domain.Threat, Restriction: domain.Cell,
			Roles: map[domain.PrisonerNumber]domain.Role{"A1111AA": domain.Victim, "B1111BB": domain.Perpetrator},
		})
		_, conn := database(t)
		require.NoError(t, begin(t, conn, log).Work(t.Context(), conn, ownEvents(t, log.log), false))
		got := lines(t, conn)
		require.Len(t, got, 1)
		require.Equal(t, log.now.Format("2006-01-02T15:04:05.000000"), got[0].WhenCreated)
	}
}

func TestTables_ofAnOlderBuildAreMadeAnew(t *testing.T) {
	t.Parallel()
	log := someLog(t, "B1111BB")
	dsn := built(t, log)
	conn := connect(t, dsn)
	_, err := conn.Exec(t.Context(), `ALTER TABLE read_1.non_association DROP COLUMN deleted CASCADE`)
	require.NoError(t, err)
	r := start(t, log.log, dsn)
	r.reaches(t, log.last)
	require.Eventually(t, func() bool { return viewsThere(conn) }, patience, poll)
	requireRecordRowsOf(t, conn, log)
}
