package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
)

// seen writes down, with every event, the settings under which it was written.
// Durability is the session's own: append sets it for its transaction too.
const seen = `
CREATE TABLE seen (at serial, durable text, isolation text, lock text, statement text, idle text);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO public.seen (durable, isolation, lock, statement, idle) SELECT
		(SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'),
		current_setting('transaction_isolation'), current_setting('lock_timeout'), current_setting('statement_timeout'),
		current_setting('idle_in_transaction_session_timeout');
	RETURN NULL;
END $$;
CREATE TRIGGER see AFTER INSERT ON eventstore.events FOR EACH STATEMENT EXECUTE FUNCTION see();`

// Whatever a server, a database, a role or an address is set to, an append waits
// for the disk, sees what was committed before it, and waits for no lock for ever.
func TestSession_thatAppendsSetsWhatItNeeds(t *testing.T) {
	t.Parallel()
	role := newRole(t, "LOGIN SUPERUSER")
	dsn := migrated(t)
	owner := connect(t, dsn, "")
	for _, statement := range []string{
		seen,
		fmt.Sprintf("ALTER DATABASE %s SET synchronous_commit = off", nameOf(t, dsn)),
		fmt.Sprintf("ALTER DATABASE %s SET default_transaction_isolation = 'serializable'", nameOf(t, dsn)),
		fmt.Sprintf("ALTER DATABASE %s SET lock_timeout = 0", nameOf(t, dsn)),
	} {
		_, err := owner.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	for name, address := range map[string]string{
		"the database":         dsn,
		"the address":          with(t, with(t, dsn, "synchronous_commit", "off"), "default_transaction_isolation", "repeatable read"),
		"another letter case":  with(t, with(t, dsn, "Synchronous_Commit", "off"), "DEFAULT_TRANSACTION_ISOLATION", "serializable"),
		"options, durability":  with(t, dsn, "options", "-csynchronous_commit=off"),
		"options, isolation":   with(t, dsn, "options", "-cdefault_transaction_isolation=serializable"),
		"options, a time-out":  with(t, dsn, "options", "-clock_timeout=0"),
		"a time-out of 0":      with(t, with(t, dsn, "lock_timeout", "0"), "Statement_Timeout", "0"),
		"a role in that place": with(t, dsn, "role", role),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, address).Append(t.Context(), newStream(body))
			require.NoError(t, err)
			var durable, isolation, lock, statement, idle string
			err = owner.QueryRow(t.Context(), "SELECT durable, isolation, lock, statement, idle FROM seen ORDER BY at DESC LIMIT 1").
				Scan(&durable, &isolation, &lock, &statement, &idle)
			require.NoError(t, err)
			require.Equal(t, []string{"on", "read committed", "4s", "6s", "6s"}, []string{durable, isolation, lock, statement, idle})
		})
	}
}

// The function itself holds what matters, for sessions that are not this store's:
// to the end of the transaction, the commit included.
func TestAppendFunction_holdsDurabilityAndIsolation(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	conn := connect(t, dsn, "")
	const call = `SELECT eventstore.append(ARRAY['a'], ARRAY[-1], ARRAY[1], ARRAY[1], ARRAY[gen_random_uuid()], ARRAY['t'], ARRAY[''::bytea], ARRAY[''::bytea])`
	for _, isolation := range []string{"repeatable read", "serializable"} {
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "SET TRANSACTION ISOLATION LEVEL "+isolation)
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), call)
		var refused *pgconn.PgError
		require.ErrorAs(t, err, &refused)
		require.Contains(t, refused.Message, "read committed")
		require.NoError(t, tx.Rollback(t.Context()))
	}

	_, err := conn.Exec(t.Context(), "SET synchronous_commit = off")
	require.NoError(t, err)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), call)
	require.NoError(t, err)
	var durable, path string
	require.NoError(t, tx.QueryRow(t.Context(), "SELECT current_setting('synchronous_commit'), current_setting('search_path')").Scan(&durable, &path))
	require.Equal(t, "on", durable)
	require.Equal(t, `"$user", public`, path)
	require.NoError(t, tx.Commit(t.Context()))
}

// The lock that a hanging writer holds is given up on before the statement's own
// time is over, and that is what is told.
func TestAppend_givesUpOnTheLockOfAWriterThatHangs(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store, err := postgres.Open(t.Context(), dsn, postgres.Options{})
	require.NoError(t, err)
	tx := hold(t, dsn)
	_, err = store.Append(t.Context(), newStream(body))
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	require.NotErrorIs(t, err, context.DeadlineExceeded, "the caller set none")
	require.ErrorContains(t, err, "lock timeout")
	require.NoError(t, tx.Rollback(t.Context()))
	_, err = store.Append(t.Context(), newStream(body))
	require.NoError(t, err)
	require.NoError(t, store.Close(t.Context()))
}
