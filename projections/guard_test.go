package projections_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/memory"
	"nonassociations/projections"
)

// someLog has an id, and one fact of each of some pairs.
func someLog(t *testing.T, others ...string) *logWriter {
	log := newLog(t)
	for _, other := range others {
		pair := pairOf(t, "A1111AA", other)
		log.sync(pair, item(pair, "2021-07-05T10:35:17", domain.CodeVictim, domain.CodePerpetrator))
	}
	return log
}

func identity(t *testing.T, log eventstore.Store) string {
	id, err := eventstore.ReadIdentity(context.Background(), log)
	require.NoError(t, err)
	return id.String()
}

// built is a database with the read model of a log.
func built(t *testing.T, log *logWriter) string {
	dsn, conn := database(t)
	r := start(t, log.log, dsn)
	r.reaches(t, log.last)
	require.Eventually(t, func() bool { return viewsThere(conn) }, patience, poll)
	r.end()
	return dsn
}

func TestReadModel_ofAnotherLogRefusesToStart(t *testing.T) {
	t.Parallel()
	one, other := someLog(t, "B1111BB"), someLog(t, "C1111CC")
	dsn := built(t, one)
	err := start(t, other.log, dsn).ends(t)
	require.ErrorIs(t, err, consumer.ErrRefused)
	require.ErrorContains(t, err, identity(t, one.log))
	require.ErrorContains(t, err, identity(t, other.log))
	require.Contains(t, document(t, connect(t, dsn), "A1111AA"), "B1111BB", "what is there stays as it is")
}

func TestAdoptLog_replacesTheLogOfTheReadModel(t *testing.T) {
	t.Parallel()
	one, other := someLog(t, "B1111BB"), someLog(t, "C1111CC")
	dsn := built(t, one)
	require.Error(t, projections.AdoptLog(t.Context(), dsn, projections.FirstGeneration, uuid.Nil))
	require.NoError(t, projections.AdoptLog(t.Context(), dsn, projections.FirstGeneration, uuid.MustParse(identity(t, other.log))))
	require.False(t, viewsThere(connect(t, dsn)), "what is not built cannot be read")
	conn := connect(t, dsn)
	start(t, other.log, dsn)
	require.Eventually(t, func() bool { return viewsThere(conn) }, patience, poll)
	require.NotContains(t, document(t, conn, "A1111AA"), "B1111BB")
	require.Contains(t, document(t, conn, "A1111AA"), "C1111CC")
}

func TestRebuild_keepsTheLogID(t *testing.T) {
	t.Parallel()
	one, other := someLog(t, "B1111BB"), someLog(t, "C1111CC")
	dsn := built(t, one)
	require.NoError(t, projections.Rebuild(t.Context(), dsn, projections.FirstGeneration))
	require.ErrorIs(t, start(t, other.log, dsn).ends(t), consumer.ErrRefused)
}

func TestLog_thatWasPutBackIsRefused(t *testing.T) {
	t.Parallel()
	log := someLog(t, "B1111BB", "C1111CC")
	dsn := built(t, log)
	earlier := putBack(t, log.log)
	err := start(t, earlier, dsn).ends(t)
	require.ErrorIs(t, err, consumer.ErrRefused)
	require.ErrorContains(t, err, identity(t, log.log))
}

// putBack is a log as it was when it held its id and one fact.
func putBack(t *testing.T, log eventstore.Store) eventstore.Store {
	earlier := memory.New()
	events, err := log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 2)
	require.NoError(t, err)
	for _, e := range events {
		_, err := earlier.Append(t.Context(), eventstore.Append{Stream: e.Stream, Expected: eventstore.NoStream, Events: []eventstore.Event{e.Event}})
		require.NoError(t, err)
	}
	return earlier
}

// TestGuard_needsOnlyTheViews: by the views alone, which are all that the
// reader's role may see.
func TestGuard_needsOnlyTheViews(t *testing.T) {
	log := someLog(t, "B1111BB", "C1111CC")
	dsn, conn := database(t)
	require.NoError(t, projections.Guard(t.Context(), dsn, log.log), "there is nothing to compare")
	r := start(t, log.log, dsn)
	r.reaches(t, log.last)
	require.Eventually(t, func() bool { return viewsThere(conn) }, patience, poll)
	r.end()
	dsn = asReader(t, conn, dsn)
	require.NoError(t, projections.Guard(t.Context(), dsn, log.log))
	require.ErrorIs(t, projections.Guard(t.Context(), dsn, putBack(t, log.log)), consumer.ErrRefused)
	require.ErrorIs(t, projections.Guard(t.Context(), dsn, someLog(t, "B1111BB").log), consumer.ErrRefused)
}

// asReader is the address of the same database for a role that may see the
// views and nothing else.
func asReader(t *testing.T, conn *pgx.Conn, dsn string) string {
	role := "reader_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	for _, statement := range []string{
		"CREATE ROLE " + role, "GRANT USAGE ON SCHEMA read TO " + role, "GRANT SELECT ON ALL TABLES IN SCHEMA read TO " + role,
	} {
		_, err := conn.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		for _, statement := range []string{"DROP OWNED BY " + role, "DROP ROLE " + role} {
			_, err := conn.Exec(context.Background(), statement)
			require.NoError(t, err)
		}
	})
	return dsn + "&options=-c%20role%3D" + role
}

func TestViews_ofAnOlderBuildAreBroughtUpToThisOne(t *testing.T) {
	t.Parallel()
	log := someLog(t, "B1111BB")
	dsn := built(t, log)
	conn := connect(t, dsn)
	_, err := conn.Exec(t.Context(), `DROP VIEW read.checkpoint;
		CREATE VIEW read.checkpoint AS SELECT 1 AS version, store_id, "commit", prepare FROM read_1.checkpoint`)
	require.NoError(t, err)
	require.NoError(t, projections.Guard(t.Context(), dsn, memory.New()), "it cannot tell yet")
	start(t, log.log, dsn)
	require.Eventually(t, func() bool { return isTrue(conn, `SELECT event_id IS NOT NULL FROM read.checkpoint`) }, patience, poll)
}

func TestLog_thatLostItsIDIsRefused(t *testing.T) {
	t.Parallel()
	dsn := built(t, someLog(t, "B1111BB"))
	require.ErrorIs(t, start(t, memory.New(), dsn).ends(t), consumer.ErrRefused)
}

func TestNewLog_isWaitedFor(t *testing.T) {
	t.Parallel()
	log := memory.New()
	dsn, conn := database(t)
	r := start(t, log, dsn)
	require.Eventually(t, func() bool { return r.Status().Failure != nil }, patience, poll)
	require.ErrorContains(t, r.Status().Failure, "no store id yet")
	_, err := eventstore.WriteIdentity(t.Context(), log, uuid.New())
	require.NoError(t, err)
	require.Eventually(t, func() bool { return viewsThere(conn) }, patience, poll)
	require.Eventually(t, func() bool { return r.Status().CaughtUp && r.Status().Failure == nil }, patience, poll)
}
