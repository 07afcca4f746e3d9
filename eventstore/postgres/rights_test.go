package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/testdb"
)

// changes are all ways in which a fact could be lost or altered.
var changes = map[string]string{
	"update":         "UPDATE eventstore.events SET data = 'x'",
	"update nothing": "UPDATE eventstore.events SET data = 'x' WHERE false",
	"delete":         "DELETE FROM eventstore.events",
	"truncate":       "TRUNCATE eventstore.events",
	"insert or update": `INSERT INTO eventstore.events SELECT * FROM eventstore.events
		ON CONFLICT (position) DO UPDATE SET data = 'x'`,
}

func requireRefused(t *testing.T, conn *pgx.Conn) {
	for name, statement := range changes {
		t.Run(name, func(t *testing.T) {
			_, err := conn.Exec(t.Context(), statement)
			var refused *pgconn.PgError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, "42501", refused.Code, refused.Message)
		})
	}
}

func TestLog_isChangedByNoRoleNotEvenItsOwner(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store := open(t, dsn)
	appended, err := store.Append(t.Context(), newStream(body))
	require.NoError(t, err)

	conn := connect(t, dsn, "")
	requireRefused(t, conn)
	_, err = conn.Exec(t.Context(), "SET session_replication_role = replica")
	require.NoError(t, err)
	requireRefused(t, conn)

	all, err := store.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 10)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, appended.Position, all[0].Position)
	require.Equal(t, body, all[0].Data)
}

func TestWritersRole_addsAndReadsAndNothingElse(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store := open(t, with(t, dsn, "role", "nonassociations_writer"))
	next := newStream(body)
	_, err := store.Append(t.Context(), next)
	require.NoError(t, err)
	read, err := store.ReadStream(t.Context(), next.Stream, eventstore.Forwards, 0, 1)
	require.NoError(t, err)
	require.Len(t, read, 1)

	owner := connect(t, dsn, "")
	_, err = owner.Exec(t.Context(), "ALTER TABLE eventstore.events DISABLE TRIGGER append_only") // rights alone must do
	require.NoError(t, err)
	writer := connect(t, dsn, "")
	_, err = writer.Exec(t.Context(), "SET ROLE nonassociations_writer")
	require.NoError(t, err)
	requireRefused(t, writer)
}

func TestStranger_isDenied(t *testing.T) {
	t.Parallel()
	role := newRole(t, "NOLOGIN")
	dsn := migrated(t)
	_, err := connect(t, dsn, "").Exec(t.Context(), "GRANT USAGE ON SCHEMA eventstore TO "+role)
	require.NoError(t, err)
	store := open(t, with(t, dsn, "role", role))
	_, err = store.Append(t.Context(), newStream(body))
	require.ErrorIs(t, err, eventstore.ErrDenied)
	_, err = store.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 1)
	require.ErrorIs(t, err, eventstore.ErrDenied)
}

func TestOwner_thatMayNotMakeRolesMigratesAllTheSame(t *testing.T) {
	t.Parallel()
	role := newRole(t, "LOGIN")
	dsn := testdb.New(t)
	_, err := connect(t, dsn, "").Exec(t.Context(), fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", nameOf(t, dsn), role))
	require.NoError(t, err)
	dsn = with(t, dsn, "role", role)
	require.NoError(t, postgres.Migrate(t.Context(), dsn))
	_, err = open(t, dsn).Append(t.Context(), newStream(body))
	require.NoError(t, err)
}

func TestMigrate_severalProcessesAtOnce(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	var group errgroup.Group
	for range 4 {
		group.Go(func() error { return postgres.Migrate(t.Context(), dsn) })
	}
	require.NoError(t, group.Wait())
	require.NoError(t, postgres.Migrate(t.Context(), dsn), "again is nothing")

	rows, err := connect(t, dsn, "").Query(t.Context(), "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1")
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"eventstore.events", "eventstore.goose_db_version"}, tables)
}

// A build before the first release had six migrations, an append of another shape and
// a writer that could insert.
func TestMigrate_keepsTheFactsOfAnEarlierBuild(t *testing.T) {
	t.Parallel()
	dsn := testdb.New(t)
	require.NoError(t, postgres.Migrate(t.Context(), dsn))
	_, err := open(t, dsn).Append(t.Context(), newStream(body))
	require.NoError(t, err)
	_, err = connect(t, dsn, "").Exec(t.Context(), `
		DELETE FROM eventstore.goose_db_version WHERE version_id > 0;
		INSERT INTO eventstore.goose_db_version (version_id, is_applied) SELECT n, true FROM generate_series(1, 6) n;
		DROP FUNCTION eventstore.append;
		CREATE FUNCTION eventstore.append(p_streams text[], OUT head bigint) LANGUAGE sql AS 'SELECT 1';
		GRANT INSERT ON eventstore.events TO nonassociations_writer`)
	require.NoError(t, err)

	require.NoError(t, postgres.Migrate(t.Context(), dsn))
	log := open(t, dsn)
	events, err := log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
	_, err = log.Append(t.Context(), newStream(body))
	require.NoError(t, err)
	var may bool
	require.NoError(t, connect(t, dsn, "").QueryRow(t.Context(),
		"SELECT has_table_privilege('nonassociations_writer', 'eventstore.events', 'INSERT')").Scan(&may))
	require.False(t, may)
}

func TestStore_withoutMigrationNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := open(t, testdb.New(t)).Append(t.Context(), newStream(body))
	require.ErrorContains(t, err, "eventstore")
	require.NotErrorIs(t, err, eventstore.ErrUnavailable, "waiting would not help")
}

// newRole makes a role of the server that lives as long as the test. Ask for it
// before a database in which it will own something.
func newRole(t *testing.T, attributes string) string {
	name := "test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	admin := connect(t, serverDSN(t), "")
	_, err := admin.Exec(t.Context(), fmt.Sprintf("CREATE ROLE %s %s", name, attributes))
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.Exec(context.Background(), "DROP ROLE "+name)
		require.NoError(t, err)
	})
	return name
}

// serverDSN is the database postgres of the server that the tests use.
func serverDSN(t *testing.T) string {
	if dsn := os.Getenv(testdb.Variable); dsn != "" {
		return dsn
	}
	address, err := url.Parse(testdb.New(t))
	require.NoError(t, err)
	address.Path = "/postgres"
	return address.String()
}

func with(t *testing.T, dsn, key, value string) string {
	address, err := url.Parse(dsn)
	require.NoError(t, err)
	query := address.Query()
	query.Set(key, value)
	address.RawQuery = query.Encode()
	return address.String()
}
