package app_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/testdb"
)

const givenSQL = `SELECT replace(grantee::regrole::text, 'nonassociations_', '') || ': ' || privilege_type || ' ON ' || object FROM (
	SELECT 'DATABASE' AS object, (aclexplode(datacl)).* FROM pg_database WHERE datname = current_database()
	UNION ALL SELECT 'SCHEMA ' || nspname, (aclexplode(nspacl)).* FROM pg_namespace
	UNION ALL SELECT 'TABLE ' || relnamespace::regnamespace || '.' || relname, (aclexplode(relacl)).* FROM pg_class
	UNION ALL SELECT 'FUNCTION ' || pronamespace::regnamespace || '.' || proname, (aclexplode(proacl)).* FROM pg_proc) all_of
WHERE grantee <> 0 AND grantee::regrole::text LIKE 'nonassociations\_%' AND NOT EXISTS ( -- what is its own needs no grant
	SELECT FROM pg_namespace WHERE nspowner = grantee AND split_part(split_part(object, ' ', 2), '.', 1) = nspname)
ORDER BY 1`

// given is what the roles have in this database, with the role before it.
func (e *installation) given(t *testing.T) []string {
	t.Helper()
	rows, err := e.conn.Query(t.Context(), givenSQL)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return all
}

// TestRoles_areGivenTwiceAndNothingChanges, by who may: an owner who makes roles
// does all of it, one who may not says so and fails.
func TestRoles_areGivenTwiceAndNothingChanges(t *testing.T) {
	t.Parallel()
	server := testdb.NewServer(t) // where no role is there yet
	e := &installation{super: server.DSN(), conn: connectTo(t, server.DSN())}
	database := strings.TrimPrefix(parsed(t, e.super).Path, "/")
	execSQL(t, e.conn, "CREATE ROLE keeper LOGIN")
	execSQL(t, e.conn, "CREATE ROLE stranger LOGIN CREATEROLE")
	execSQL(t, e.conn, "ALTER DATABASE "+database+" OWNER TO keeper")
	keeper := as(t, e.super, "keeper")
	require.NoError(t, app.SchemaUp(t.Context(), app.Config{EventStoreURL: keeper, DatabaseURL: keeper}))

	out, err := rolesByPsql(t, keeper)
	require.Error(t, err, "psql says so with its status")
	require.Contains(t, out, "keeper lacks CREATEROLE")
	require.Empty(t, e.given(t), "nothing is half done")
	err = app.SchemaRoles(t.Context(), &app.Config{EventStoreURL: keeper, DatabaseURL: keeper})
	require.ErrorContains(t, err, "keeper lacks CREATEROLE")
	require.ErrorContains(t, err, "A superuser runs roles.sql")
	out, err = rolesByPsql(t, as(t, e.super, "stranger"))
	require.Error(t, err)
	require.Contains(t, out, "belongs to keeper")

	execSQL(t, e.conn, "ALTER ROLE keeper CREATEROLE")
	out, err = rolesByPsql(t, keeper)
	require.NoError(t, err, out)
	before := e.snapshot(t)
	require.NotEmpty(t, e.given(t))
	execSQL(t, e.conn, "ALTER ROLE keeper NOCREATEROLE")
	for _, dsn := range []string{keeper, e.super} {
		out, err = rolesByPsql(t, dsn)
		require.NoError(t, err, out)
		require.Equal(t, before, e.snapshot(t))
	}
	// What an older one gave too much is taken away, and what others made is the projector's.
	execSQL(t, e.conn, "GRANT ALL ON commands.idempotency_keys, eventstore.events TO nonassociations_reader, nonassociations_writer")
	execSQL(t, e.conn, "ALTER SCHEMA read OWNER TO keeper")
	require.NoError(t, app.SchemaRoles(t.Context(), &app.Config{EventStoreURL: app.Embedded, DatabaseURL: keeper}), "the program does what psql does")
	require.Equal(t, before, e.snapshot(t))
}

// snapshot is all rights, owners and memberships.
func (e *installation) snapshot(t *testing.T) []string {
	t.Helper()
	rows, err := e.conn.Query(t.Context(), `SELECT nspname || ' of ' || nspowner::regrole FROM pg_namespace WHERE nspname !~ '^pg_'
		UNION ALL SELECT roleid::regrole || ' in ' || member::regrole FROM pg_auth_members
		UNION ALL SELECT defaclrole::regrole || ' by default ' || defaclacl::text FROM pg_default_acl`)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	all = append(all, e.given(t)...)
	slices.Sort(all)
	return all
}
