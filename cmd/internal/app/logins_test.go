package app_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/manifests"
	"nonassociations/internal/dev/testdb"
)

// forbidden are acts that must fail, and who may do them all the same.
var forbidden = []struct {
	sql string
	may []string
}{
	{"ALTER TABLE evidence.action DISABLE TRIGGER ALL", nil},
	{"DROP TRIGGER action_is_kept ON evidence.action", nil},
	{"SET session_replication_role = replica", nil},
	{"UPDATE evidence.action SET reason = ''", nil},
	{"DELETE FROM evidence.action", nil},
	{"SELECT count(*) FROM evidence.action", []string{"na_screens"}},
	{"INSERT INTO eventstore.events SELECT * FROM eventstore.events", nil},
	{"UPDATE eventstore.events SET data = ''", nil},
	{"DELETE FROM eventstore.events", nil},
	{"DELETE FROM read_1.checkpoint", []string{"na_project"}},
	{"SELECT count(*) FROM read.prisoner", []string{"na_read", "na_screens", "na_project", "na_evidence"}},
	{"UPDATE read_1.checkpoint SET name = name", []string{"na_project"}},
	{"INSERT INTO evidence.head SELECT * FROM evidence.head", []string{"na_evidence"}},
	{"UPDATE evidence.head SET size = size", nil},
	{"DELETE FROM evidence.head", nil},
	{"UPDATE read_1.prisoner SET document = document", []string{"na_project"}},
	{"DELETE FROM publisher.checkpoint", []string{"na_operator"}},
	{"UPDATE publisher.checkpoint SET facts = facts", []string{"na_publish"}},
	{"DELETE FROM screens.view", []string{"na_operator"}},
	{"UPDATE screens.view SET page = page", nil},
	{"SELECT count(*) FROM screens.session", []string{"na_screens"}},
	{"DELETE FROM nomis.migration_pair", []string{"na_listen", "na_work"}},
	{"DELETE FROM commands.idempotency_keys", []string{"na_serve", "na_screens", "na_operator"}},
	{"CREATE SCHEMA mine", []string{"na_project", "na_evidence"}},
	{"CREATE TABLE public.mine ()", nil},
	{"CREATE ROLE mine", nil},
}

// TestLogins_doTheirPartAndNoMore makes the logins as deploy/README.md says, by psql, and
// tries as each one what others may.
func TestLogins_doTheirPartAndNoMore(t *testing.T) {
	t.Parallel()
	server := testdb.NewServer(t)
	super := connectTo(t, server.DSN())
	execSQL(t, super, "CREATE ROLE na_owner LOGIN CREATEROLE")
	execSQL(t, super, "ALTER DATABASE "+strings.TrimPrefix(parsed(t, server.DSN()).Path, "/")+" OWNER TO na_owner")
	owner := as(t, server.DSN(), "na_owner")
	config := app.Config{EventStoreURL: owner, DatabaseURL: owner}
	for again := range 2 { // an upgrade does the same once more, when there is a read model
		if again == 1 {
			projector := connectTo(t, as(t, server.DSN(), "na_project"))
			execSQL(t, projector, "SET ROLE nonassociations_projector")
			execSQL(t, projector, "CREATE SCHEMA read_1; CREATE TABLE read_1.checkpoint (name text); CREATE TABLE read_1.prisoner (document text)")
			execSQL(t, projector, "CREATE VIEW read.prisoner AS SELECT * FROM read_1.prisoner")
		}
		require.NoError(t, app.SchemaUp(t.Context(), config))
		require.NoError(t, app.SchemaRoles(t.Context(), &config))
		loginsByPsql(t, owner, "SERVE_PASSWORD=one", "PROJECT_PASSWORD=it's")
	}
	e := &installation{super: server.DSN(), conn: super}
	roles, err := manifests.Roles(rootFolder)
	require.NoError(t, err)
	for name, role := range roles {
		login := as(t, e.super, "na_"+name)
		own := app.Config{EventStoreURL: login, DatabaseURL: login}
		if slices.Contains(role.Secrets, "READ_DATABASE_URL") {
			own.ReadDatabaseURL = as(t, e.super, "na_read")
		}
		require.NoError(t, app.CheckGrants(t.Context(), app.Options{Config: own, Roles: rolesOf[name]}), name)
		var member []string
		require.NoError(t, super.QueryRow(t.Context(), `SELECT array_agg(replace(roleid::regrole::text, 'nonassociations_', ''))
			FROM pg_auth_members WHERE member = $1::regrole`, "na_"+name).Scan(&member))
		require.Equal(t, role.Postgres, member, name)
	}
	for _, login := range []string{"na_serve", "na_screens", "na_project", "na_publish", "na_listen", "na_work", "na_evidence", "na_read", "na_operator"} {
		requireForbidden(t, as(t, e.super, login), login)
	}
}

func requireForbidden(t *testing.T, dsn, login string) {
	t.Helper()
	conn := connectTo(t, dsn)
	for _, act := range forbidden {
		err := pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), act.sql); err != nil {
				return err
			}
			return context.Canceled // nothing is kept
		})
		if slices.Contains(act.may, login) {
			require.ErrorIs(t, err, context.Canceled, "%s: %s", login, act.sql)
		} else {
			require.ErrorContains(t, err, "42501", "%s: %s", login, act.sql)
		}
	}
}

func loginsByPsql(t *testing.T, dsn string, passwords ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "psql", "-X", "-q", "-f", "../../../deploy/postgres/logins.sql", dsn)
	cmd.Env = append(os.Environ(), passwords...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}
