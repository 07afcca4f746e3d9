package projections_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/localpg"
	"nonassociations/projections"
)

func (s *logWriter) syncWith(other string) {
	pair := pairOf(s.t, "A1111AA", other)
	s.sync(pair, item(pair, "2021-07-05T10:35:17", domain.CodeVictim, domain.CodePerpetrator))
}

func kill(t *testing.T, conn *pgx.Conn) {
	_, err := conn.Exec(context.Background(), `SELECT pg_terminate_backend(pid) FROM pg_locks
		WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	require.NoError(t, err)
}

func TestProjector_secondOneTakesOver(t *testing.T) {
	t.Parallel()
	log := someLog(t, "B1111BB")
	dsn, conn := database(t)
	one := start(t, log.log, dsn)
	one.reaches(t, log.last)
	other := start(t, log.log, dsn)
	require.Eventually(t, func() bool { return other.Status().Waiting }, patience, poll)

	log.syncWith("C1111CC")
	one.reaches(t, log.last)
	require.Empty(t, other.commits)

	one.end()
	log.syncWith("D1111DD")
	other.reaches(t, log.last)
	require.True(t, other.Status().Leader)
	require.Regexp(t, `B1111BB.*C1111CC.*D1111DD`, document(t, conn, "A1111AA"))
}

func TestLease_endsWithTheSessionAndNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	log := someLog(t, "B1111BB")
	dsn, conn := database(t)
	one, other := start(t, log.log, dsn), start(t, log.log, dsn)
	numbers := []string{"C1111CC", "D1111DD", "E1111EE", "F1111FF"}
	for _, number := range numbers {
		log.syncWith(number)
		kill(t, conn)
	}
	require.Eventually(t, func() bool {
		return one.Status().Leader != other.Status().Leader &&
			isTrue(conn, `SELECT "commit" >= $1 FROM read_1.checkpoint`, log.last.Commit)
	}, patience, poll)
	requireDocumentsOf(t, conn, log)
}

func TestProjector_thatWasFencedWritesNothing(t *testing.T) {
	log := someLog(t, "B1111BB", "C1111CC")
	_, conn := database(t)
	events := ownEvents(t, log.log)
	stalled, active := begin(t, conn, log), begin(t, conn, log)
	require.NoError(t, active.Work(t.Context(), conn, events[:1], false))
	for _, more := range []bool{false, true} {
		require.ErrorContains(t, stalled.Work(t.Context(), conn, events, more), "another one is at work")
	}
	require.True(t, isTrue(conn, `SELECT count(*) = 1 FROM read_1.pair`))
}

func TestProjector_survivesARestartOfPostgres(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, err := localpg.Start(t.Context(), localpg.Options{Dir: dir})
	require.NoError(t, err)
	dsn := server.DSN("postgres")
	log := someLog(t, "B1111BB")
	r := start(t, log.log, dsn)
	r.reaches(t, log.last)

	require.NoError(t, server.Stop(context.Background()))
	log.syncWith("C1111CC")
	require.Eventually(t, func() bool { return r.Status().Failure != nil }, patience, poll)
	server, err = localpg.Start(context.Background(), localpg.Options{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	require.Equal(t, socketOf(t, dsn), socketOf(t, server.DSN("postgres")))

	r.reaches(t, log.last)
	conn, err := pgx.Connect(context.Background(), dsn)
	require.NoError(t, err)
	requireDocumentsOf(t, conn, log)
	require.NoError(t, conn.Close(context.Background()))
	r.end()
}

func socketOf(t *testing.T, dsn string) string {
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	return u.Query().Get("host")
}

func TestTables_thatWereDroppedComeBack(t *testing.T) {
	for what, sql := range map[string]string{
		"all":            `DROP SCHEMA read_1 CASCADE`,
		"one table":      `DROP TABLE read_1.prisoner CASCADE`,
		"a view":         `DROP VIEW read.prisoner`,
		"the views":      `DROP SCHEMA read CASCADE`,
		"the place":      `DELETE FROM read_1.checkpoint`,
		"by an operator": ``,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			log := someLog(t, "B1111BB", "C1111CC")
			dsn, conn := database(t)
			r := start(t, log.log, dsn)
			r.reaches(t, log.last)
			require.Eventually(t, func() bool { return viewsThere(conn) }, patience, poll)
			if sql == "" {
				require.NoError(t, projections.Rebuild(t.Context(), dsn, projections.FirstGeneration))
			} else {
				_, err := conn.Exec(t.Context(), sql)
				require.NoError(t, err)
			}
			require.Eventually(t, func() bool {
				return viewsThere(conn) && isTrue(conn, `SELECT "commit" >= $1 AND caught_up FROM read_1.checkpoint`, log.last.Commit)
			}, patience, poll)
			requireDocumentsOf(t, conn, log)
		})
	}
}
