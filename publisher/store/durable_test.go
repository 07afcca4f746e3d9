package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/publisher/store"
)

func TestOperator_asksOnlyForWhatMayBe(t *testing.T) {
	dsn, conn, was := begun(t)
	for i, c := range []struct {
		state       store.State
		retry, skip error
	}{
		{store.Refused, nil, nil},
		{store.Failing, nil, nil},
		{store.Blocked, store.ErrNothing, nil},
		{store.Skipped, store.ErrNothing, store.ErrNothing},
	} {
		one, other := refused(t, uint64(2*i+1)), refused(t, uint64(2*i+2))
		one.State, other.State = c.state, c.state
		require.NoError(t, store.Commit(t.Context(), conn, was, was, store.Changes{Park: []store.Parked{one, other}}, noon))
		require.ErrorIs(t, store.RequestRetry(t.Context(), dsn, topic, one.EventID), c.retry, "%s", c.state)
		require.ErrorIs(t, store.RequestSkip(t.Context(), dsn, topic, other.EventID, "why not", noon), c.skip, "%s", c.state)
	}
}

// A row is all that is left of a fact once the checkpoint has passed it: every
// write to the table waits for the disk, whatever the server's default is.
// Moving the checkpoint alone does not.
func TestWrite_ofParkedMessagesWaitsForTheDisk(t *testing.T) {
	dsn, conn, was := begun(t)
	for _, sql := range []string{
		`CREATE TABLE how (who text, commits text)`,
		`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO how VALUES (TG_TABLE_NAME || ' ' || TG_OP, current_setting('synchronous_commit')); RETURN NULL; END $$`,
		`CREATE TRIGGER noting AFTER INSERT OR UPDATE OR DELETE ON publisher.parked FOR EACH ROW EXECUTE FUNCTION note()`,
		`CREATE TRIGGER noting AFTER UPDATE ON publisher.checkpoint FOR EACH ROW EXECUTE FUNCTION note()`,
		`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$`,
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	_, err := conn.Exec(t.Context(), `SET synchronous_commit = on`)
	require.NoError(t, err)
	was, err = store.LoadOrCreate(t.Context(), conn, topic, was.Store)
	require.NoError(t, err)
	one, other := refused(t, 3), refused(t, 5)
	settle := func(now store.Checkpoint, work store.Changes, writes ...string) {
		t.Helper()
		require.NoError(t, store.Commit(t.Context(), conn, was, now, work, noon))
		was = now
		for _, write := range writes {
			requireHow(t, conn, write)
		}
		_, err := conn.Exec(t.Context(), `DELETE FROM how`)
		require.NoError(t, err)
	}
	settle(behind(was, 5), store.Changes{Park: []store.Parked{one, other}}, "parked INSERT on", "checkpoint UPDATE on")
	settle(behind(was, 6), store.Changes{}, "checkpoint UPDATE off")
	settle(was, store.Changes{Attempted: []store.Parked{one}}, "parked UPDATE on")
	require.NoError(t, store.RequestRetry(t.Context(), dsn, topic, one.EventID))
	require.NoError(t, store.RequestSkip(t.Context(), dsn, topic, other.EventID, "why not", noon))
	requireHow(t, conn, "parked UPDATE on")
	settle(was, store.Changes{Acknowledged: []uuid.UUID{other.EventID}}, "parked UPDATE on")
	settle(was, store.Changes{Delivered: []uuid.UUID{one.EventID}}, "parked DELETE on")
	settle(behind(was, 7), store.Changes{}, "checkpoint UPDATE off")
}

// requireHow holds that a write was made, and in this way alone.
func requireHow(t *testing.T, conn *pgx.Conn, write string) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT DISTINCT who || ' ' || commits FROM how`)
	require.NoError(t, err)
	ways, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Contains(t, ways, write)
	for _, way := range ways {
		require.NotEqual(t, "parked UPDATE off", way)
	}
}
