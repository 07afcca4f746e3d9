package service_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/service"
	"nonassociations/internal/testdb"
	"nonassociations/publisher"
	"nonassociations/publisher/desk"
)

// TestEachProcessWorksWithItsOwnLogin: a write, its message, its list, a merge, a
// rebuild by whoever may, and the read model stays the projector's.
func TestEachProcessWorksWithItsOwnLogin(t *testing.T) {
	e := newInstallation(t)
	project, publish := e.start(t, "project"), e.start(t, "publish")
	listen, serve := e.start(t, "nomis listen"), e.start(t, "serve")
	serve.isReady(t)
	serve.tell(t, "X1111XX")
	serve.shows(t, "R1111RR", "X1111XX")
	require.Eventually(t, func() bool { return len(e.aws.Messages("heard")) == 1 }, time.Minute, 10*time.Millisecond)
	message := uuid.NewString()
	e.aws.Send("prisoner-events", fmt.Sprintf(`{"MessageId":%q,"Message":"{\"eventType\":\"prison-offender-events.prisoner.merged\",`+
		`\"additionalInformation\":{\"nomsNumber\":\"S1111SS\",\"removedNomsNumber\":\"R1111RR\",\"reason\":\"MERGE\"}}"}`, message))
	serve.shows(t, "S1111SS", "X1111XX")
	_, err := service.Unmerge(t.Context(), e.options(t, "serve"), message, "They are two men", false)
	require.NoError(t, err)
	serve.shows(t, "R1111RR", "X1111XX")
	told, err := service.PublishStatus(t.Context(), e.options(t, "publish"))
	require.NoError(t, err)
	require.True(t, told[0].Begun)
	_, err = service.Parked(t.Context(), e.options(t, "publish"))
	require.NoError(t, err)

	for name, dsn := range map[string]string{"the projector": e.logins["projector"], "a superuser": e.super, "the owner": e.logins["owner"]} {
		o := e.options(t, "project")
		o.Config.EventStoreURL, o.Config.DatabaseURL = dsn, dsn
		_, err := service.Rebuild(t.Context(), o, uuid.Nil, false)
		require.NoError(t, err, name)
		e.ownsTheReadModel(t, name)
		serve.shows(t, "R1111RR", "X1111XX") // and the projector at work goes on
	}
	for _, r := range []*running{serve, listen, publish, project} {
		r.ends(t)
	}
	for name, dsn := range map[string]string{"who adopts": e.logins["adopting"], "a superuser": e.super} {
		o := e.options(t, "project")
		o.Config.EventStoreURL, o.Config.DatabaseURL = dsn, dsn
		_, err = service.Rebuild(t.Context(), o, identity(t, e.super), false)
		require.NoError(t, err, name)
		e.ownsTheReadModel(t, name)
	}
	require.NoError(t, service.SchemaUp(t.Context(), e.config("owner")))
	one := e.start(t, "serve --project")
	one.isReady(t)
	one.shows(t, "R1111RR", "X1111XX")
	one.ends(t)
}

// ownsTheReadModel holds that nothing of it is anybody else's.
func (e *installation) ownsTheReadModel(t *testing.T, name string) {
	t.Helper()
	var others []string
	err := e.conn.QueryRow(t.Context(), `SELECT coalesce(array_agg(relname::text), '{}') FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
		WHERE nspname LIKE 'read%' AND 'nonassociations_projector'::regrole NOT IN (relowner, nspowner)`).Scan(&others)
	require.NoError(t, err)
	require.Empty(t, others, name)
}

// TestAProcessNamesTheRightThatItLacks takes away each right of each process, one
// at a time. What roles.sql gives and no process needs is a fault as well.
func TestAProcessNamesTheRightThatItLacks(t *testing.T) {
	e := newInstallation(t)
	one := e.start(t, "serve --project") // so that there is a read model
	one.isReady(t)
	one.ends(t)
	walked := map[string]bool{}
	for kind := range kinds {
		o := e.options(t, kind)
		e.walk(t, walked, kind, service.Needs(o), func(ctx context.Context) error { return service.Run(ctx, o) })
	}
	for name, command := range e.commands(t) {
		o := command.options
		needs, known := service.CommandNeeds(o.Config)[name]
		require.True(t, known, name)
		e.walk(t, walked, name, needs, command.run)
	}
	require.Len(t, e.commands(t), len(service.CommandNeeds(service.Config{})), "all commands are walked")
	for _, given := range e.given(t) {
		require.True(t, walked[given], "no process needs %s", given)
	}
	t.Logf("%d rights, each taken from each process that has it", len(walked))
}

type command struct {
	options service.Options
	run     func(context.Context) error
}

// commands are all that end by themselves.
func (e *installation) commands(t *testing.T) map[string]command {
	t.Helper()
	publish, project, adopting, writer := e.options(t, "publish"), e.options(t, "project"), e.options(t, "project"), e.options(t, "serve")
	adopting.Config.EventStoreURL, adopting.Config.DatabaseURL = e.logins["adopting"], e.logins["adopting"]
	owner := service.Options{Config: e.config("owner")}
	return map[string]command{
		"schema up": {owner, func(ctx context.Context) error { return service.SchemaUp(ctx, owner.Config) }},
		"rebuild": {project, func(ctx context.Context) error {
			_, err := service.Rebuild(ctx, project, uuid.Nil, false)
			return err
		}},
		"rebuild --adopt": {adopting, func(ctx context.Context) error {
			_, err := service.Rebuild(ctx, adopting, identity(t, e.super), false)
			return err
		}},
		"publish status": {publish, func(ctx context.Context) error { _, err := service.PublishStatus(ctx, publish); return err }},
		"parked list":    {publish, func(ctx context.Context) error { _, err := service.Parked(ctx, publish); return err }},
		"parked retry":   {publish, func(ctx context.Context) error { return service.RetryParked(ctx, publish, "domain", uuid.New()) }},
		"parked skip":    {publish, func(ctx context.Context) error { return service.SkipParked(ctx, publish, "domain", uuid.New(), "why") }},
		"publish replay": {publish, func(ctx context.Context) error {
			_, err := service.Replay(ctx, publish, publisher.Replay{Topic: publisher.Domain, From: 1, DryRun: true}, "")
			return err
		}},
		"nomis unmerge": {writer, func(ctx context.Context) error { _, err := service.Unmerge(ctx, writer, uuid.NewString(), "why", true); return err }},
	}
}

// walk takes each right away, expects its name, and gives it back.
func (e *installation) walk(t *testing.T, walked map[string]bool, what string, needs []service.Need, run func(context.Context) error) {
	t.Helper()
	require.NotEmpty(t, needs, what)
	for _, need := range needs {
		login := e.loginAt(t, need.DSN)
		need.Rights = slices.DeleteFunc(need.Rights, func(right service.Right) bool { return isOwners(login, right) })
		require.NotEmpty(t, need.Rights, what)
		for _, right := range need.Rights {
			giveBack := e.take(t, walked, login, right)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			err := run(ctx)
			cancel()
			require.ErrorContains(t, err, right.Words, "%s without %s", what, right.Words)
			require.ErrorContains(t, err, e.names[login], what)
			giveBack()
		}
		// All at once are named at once.
		var back []func()
		for _, right := range need.Rights {
			back = append(back, e.take(t, walked, login, right))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		err := run(ctx)
		cancel()
		for _, right := range need.Rights {
			require.ErrorContains(t, err, right.Words, what)
		}
		for _, giveBack := range slices.Backward(back) {
			giveBack()
		}
	}
	err := tried(t, run)
	require.True(t, err == nil || errors.Is(err, desk.ErrNothing) || !strings.Contains(err.Error(), "lacks"), "%s with all rights: %v", what, err)
}

// isOwners reports whether a login has a right because the table is its own.
func isOwners(login string, right service.Right) bool {
	return slices.Contains(membersOf[login], "projector") && strings.HasPrefix(right.Schema, "read") && right.Privilege != "OWNERSHIP"
}

// tried runs for a moment: what is missing is said before that is over.
func tried(t *testing.T, run func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	return run(ctx)
}

func (e *installation) loginAt(t *testing.T, dsn string) string {
	t.Helper()
	for login, address := range e.logins {
		if address == dsn {
			return login
		}
	}
	require.FailNow(t, "no such login", dsn)
	return ""
}

// take takes a right from every role of a login, and from the owner himself.
func (e *installation) take(t *testing.T, walked map[string]bool, login string, right service.Right) (giveBack func()) {
	t.Helper()
	object := right.Kind + " " + right.Schema
	switch {
	case right.Kind == "DATABASE":
		object = "DATABASE " + strings.TrimPrefix(parsed(t, e.super).Path, "/")
	case right.Name != "":
		object += "." + right.Name
	}
	if right.Privilege == "OWNERSHIP" {
		was := e.names["owner"]
		if strings.HasPrefix(right.Schema, "read") {
			was = "nonassociations_projector"
		}
		execSQL(t, e.conn, "ALTER "+object+" OWNER TO CURRENT_USER")
		return func() { execSQL(t, e.conn, "ALTER "+object+" OWNER TO "+was) }
	}
	var holders []string
	for _, role := range membersOf[login] {
		given := role + ": " + right.Words
		if slices.Contains(e.given(t), given) {
			walked[given] = true
			holders = append(holders, "nonassociations_"+role)
		}
	}
	if login == "owner" { // who is a member of the projector's role too
		holders = []string{e.names[login], "nonassociations_projector"}
	}
	require.NotEmpty(t, holders, "roles.sql gives %s no %s", login, right.Words)
	execSQL(t, e.conn, fmt.Sprintf("REVOKE %s ON %s FROM %s", right.Privilege, object, strings.Join(holders, ", ")))
	return func() {
		execSQL(t, e.conn, fmt.Sprintf("GRANT %s ON %s TO %s", right.Privilege, object, strings.Join(holders, ", ")))
	}
}

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

// TestRolesAreGivenTwiceAndNothingChanges, by who may: an owner who makes roles
// does all of it, one who may not says so and fails.
func TestRolesAreGivenTwiceAndNothingChanges(t *testing.T) {
	server := testdb.NewServer(t) // where no role is there yet
	e := &installation{super: server.DSN(), conn: connectTo(t, server.DSN())}
	database := strings.TrimPrefix(parsed(t, e.super).Path, "/")
	execSQL(t, e.conn, "CREATE ROLE keeper LOGIN")
	execSQL(t, e.conn, "CREATE ROLE stranger LOGIN CREATEROLE")
	execSQL(t, e.conn, "ALTER DATABASE "+database+" OWNER TO keeper")
	keeper := as(t, e.super, "keeper")
	require.NoError(t, service.SchemaUp(t.Context(), service.Config{EventStoreURL: keeper, DatabaseURL: keeper}))

	out, err := rolesByPsql(t, keeper)
	require.Error(t, err, "psql says so with its status")
	require.Contains(t, out, "keeper lacks CREATEROLE")
	require.Empty(t, e.given(t), "nothing is half done")
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
	execSQL(t, e.conn, "GRANT ALL ON commands.keys, eventstore.events TO nonassociations_reader, nonassociations_writer")
	execSQL(t, e.conn, "ALTER SCHEMA read OWNER TO keeper")
	_, err = connectTo(t, keeper).Exec(t.Context(), testdb.Script(t, "../../deploy/postgres/roles.sql"))
	require.NoError(t, err, "a driver takes it as psql does")
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

// TestARightThatGoesLaterIsToldByReadiness, and is forgotten when it is back.
func TestARightThatGoesLaterIsToldByReadiness(t *testing.T) {
	e := newInstallation(t)
	one := e.start(t, "serve --project")
	one.isReady(t)
	readiness := func(status int) {
		t.Helper()
		require.Eventually(t, func() bool { got, _ := one.get(t, "/health/readiness"); return got == status }, time.Minute, 50*time.Millisecond)
	}
	readiness(http.StatusOK)
	execSQL(t, e.conn, "REVOKE DELETE ON commands.keys FROM nonassociations_writer") // which is used once an hour
	readiness(http.StatusServiceUnavailable)
	execSQL(t, e.conn, "GRANT DELETE ON commands.keys TO nonassociations_writer")
	readiness(http.StatusOK)
	one.ends(t)
}

// TestWhatMayNotBeSeenIsNotTakenForMissing: a table of another log that this role
// may not read stops it, whichever room it is of.
func TestWhatMayNotBeSeenIsNotTakenForMissing(t *testing.T) {
	e := newInstallation(t)
	one := e.start(t, "serve --project") // so that the log has its id
	one.isReady(t)
	one.ends(t)
	execSQL(t, e.conn, `CREATE SCHEMA "Some room"; CREATE TABLE "Some room".kept (store_id uuid);
		INSERT INTO "Some room".kept VALUES (gen_random_uuid())`)
	for _, kind := range []string{"serve", "nomis listen", "serve --project"} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		err := service.Run(ctx, e.options(t, kind))
		cancel()
		require.ErrorContains(t, err, "lacks USAGE ON SCHEMA Some room, SELECT ON TABLE Some room.kept", kind)
		require.ErrorContains(t, err, e.names[kinds[kind].login])
	}
}
