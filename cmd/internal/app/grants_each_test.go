package app_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/store"
	"nonassociations/publisher"
	"nonassociations/publisher/message"
	"nonassociations/web/api"
)

// TestProcess_namesTheRightThatItLacks runs each process without all rights of a login at
// once: it names them all, so that its check is of no fewer. One right alone is taken where
// it is first needed, which shows that each is checked by itself. What roles.sql gives and
// no process needs is a fault as well.
func TestProcess_namesTheRightThatItLacks(t *testing.T) {
	t.Parallel()
	e := newInstallation(t)
	one := e.start(t, "serve --project") // so that there is a read model
	one.waitReady(t)
	one.stopInOrder(t)
	given, walked := e.given(t), map[string]bool{} // a rebuild gives the same on its own generation
	for _, kind := range slices.Sorted(maps.Keys(processes)) {
		o := e.options(t, kind)
		e.requireEachRight(t, walked, kind, app.Requirements(o), func(ctx context.Context) error { return app.Run(ctx, o) })
	}
	commands := e.commands(t)
	// Taking another log over empties the read model, and no projector fills it here.
	last := func(a, b string) int { return cmp.Compare(strings.Count(a, "adopt"), strings.Count(b, "adopt")) }
	for _, name := range slices.SortedStableFunc(maps.Keys(commands), last) {
		command := commands[name]
		o := command.options
		needs, known := app.CommandRequirements(o.Config)[name]
		require.True(t, known, name)
		e.requireEachRight(t, walked, name, needs, command.run)
	}
	requireAllWalked(t, len(commands))
	for _, right := range given {
		require.True(t, walked[right], "no process needs %s", right)
	}
	t.Logf("%d rights, each taken from each process that has it", len(walked))
}

type command struct {
	options app.Options
	run     func(context.Context) error
}

// commands are all that end by themselves.
func (e *installation) commands(t *testing.T) map[string]command {
	t.Helper()
	publish, project, adopting := e.options(t, "publish"), e.options(t, "project"), e.options(t, "project")
	work, rehearsing, pages := e.options(t, "nomis work"), e.options(t, "serve"), e.options(t, "screens")
	adopting.Config.EventStoreURL, adopting.Config.DatabaseURL = e.logins["adopting"], e.logins["adopting"]
	verifying, signing := e.options(t, "serve"), e.options(t, "evidence sign")
	verifying.Config.EventStoreURL, verifying.Config.DatabaseURL = e.logins["evidence"], e.logins["evidence"]
	owner := app.Options{Config: e.config("owner")}
	return map[string]command{
		"schema up": {owner, func(ctx context.Context) error { return app.SchemaUp(ctx, owner.Config) }},
		"rebuild": {project, func(ctx context.Context) error {
			_, err := app.Rebuild(ctx, project, app.RebuildRequest{})
			return err
		}},
		"rebuild --adopt": {adopting, func(ctx context.Context) error {
			_, err := app.AdoptLog(ctx, adopting, identity(t, e.super), false)
			return err
		}},
		"publish status": {publish, func(ctx context.Context) error { _, err := app.PublishStatus(ctx, publish); return err }},
		"parked list":    {publish, func(ctx context.Context) error { _, err := app.Parked(ctx, publish); return err }},
		"parked retry":   {publish, func(ctx context.Context) error { return app.RetryParked(ctx, publish, "domain", uuid.New()) }},
		"parked skip":    {publish, func(ctx context.Context) error { return app.SkipParked(ctx, publish, "domain", uuid.New(), "why") }},
		"publish replay": {publish, func(ctx context.Context) error {
			_, err := app.Replay(ctx, publish, publisher.Replay{Topic: message.Domain, From: 1, DryRun: true}, "")
			return err
		}},
		"screens prune-views": {adopting, func(ctx context.Context) error {
			_, err := app.PruneViews(ctx, adopting, app.ViewPruning{Before: time.Now(), Act: app.Act{User: "OPERATOR", Action: "screens prune-views"}})
			return err
		}},
		"export": {pages, func(ctx context.Context) error {
			_, err := app.ExportBundle(ctx, pages, app.Export{
				Number: "A1234BC", File: filepath.Join(t.TempDir(), "bundle.zip"), Act: app.Act{User: "AUDITOR", Action: "export"}, Wait: 1, Views: true, Say: func(string) {},
			})
			return err
		}},
		"archive write": {signing, func(ctx context.Context) error {
			_, _, err := app.WriteArchive(ctx, signing, t.TempDir(), nil)
			return err
		}},
		"rehearse": {rehearsing, func(ctx context.Context) error {
			_, err := app.Rehearse(ctx, rehearsing, app.Rehearsal{Words: io.Discard})
			return err
		}},
		"verify": {verifying, func(ctx context.Context) error {
			_, err := app.VerifyReadModel(ctx, verifying, app.VerifyRequest{})
			return err
		}},
		"verify log": {verifying, func(ctx context.Context) error {
			_, err := app.VerifyLog(ctx, verifying, app.LogCheck{})
			return err
		}},
		"replay": {verifying, func(ctx context.Context) error {
			_, err := app.ReplayAsOf(ctx, verifying, api.AsOfQuestion{Number: "A1234BC"}, nil)
			return err
		}},
		"show --get": {verifying, func(ctx context.Context) error {
			_, err := app.ShowGet(ctx, verifying, "/non-associations/1", 1, time.Now(), nil)
			return err
		}},
		"show --request": {pages, func(ctx context.Context) error {
			_, err := app.ShowRequest(ctx, pages, uuid.New(), nil)
			return err
		}},
		"migrate": {work, func(ctx context.Context) error {
			m, err := app.OpenMigrations(ctx, work)
			if err == nil {
				m.Close()
			}
			return err
		}},
		"migrate sheet": {work, func(ctx context.Context) error {
			_, err := app.MigrationSheet(ctx, work, io.Discard, uuid.New(), migration.Sample{Size: 1})
			return err
		}},
		"nomis unmerge": {work, func(ctx context.Context) error {
			_, err := app.Unmerge(ctx, work, uuid.NewString(), "why", true)
			return err
		}},
		"nomis resume": {work, func(ctx context.Context) error {
			_, err := app.Resume(ctx, work, store.Release{From: store.FromDPS, Reason: "why", By: "OPERATOR"}, false)
			return err
		}},
		"mapping check": {work, func(ctx context.Context) error {
			_, err := app.CheckMapping(ctx, work, app.MappingCheck{Against: os.DevNull})
			return err
		}},
	}
}

// requireAllWalked holds that each way into the package that is given addresses is
// one of the commands; Run has processes.
func requireAllWalked(t *testing.T, commands int) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var ways []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if !strings.HasSuffix(file, "_test.go") {
			ways = append(ways, regexp.MustCompile(`(?m)^func [A-Z]\w*\(ctx context.Context, \w+ (?:Options|Config)\b`).FindAllString(string(text), -1)...)
		}
	}
	require.Len(t, ways, commands+1, "Run has no command, of %q", ways)
	require.Len(t, app.CommandRequirements(app.Config{}), commands)
	for field := range reflect.TypeFor[app.Roles]().Fields() {
		role := field.Name
		alone := slices.ContainsFunc(slices.Collect(maps.Values(processes)), func(k kind) bool { return reflect.ValueOf(k.roles).FieldByName(role).Bool() })
		require.True(t, alone, "a process that does %s", role)
	}
}

// requireEachRight takes the rights away, expects their names, and gives them back.
func (e *installation) requireEachRight(t *testing.T, walked map[string]bool, what string, needs []app.Requirement, run func(context.Context) error) {
	t.Helper()
	require.NotEmpty(t, needs, what)
	for _, need := range needs {
		login := e.loginAt(t, need.DSN)
		need.Rights = slices.DeleteFunc(need.Rights, func(right app.Right) bool { return isOwners(login, right) })
		require.NotEmpty(t, need.Rights, what)
		conn, err := pgx.Connect(t.Context(), need.DSN)
		require.NoError(t, err)
		for _, right := range need.Rights {
			known := len(walked)
			giveBack := e.take(t, walked, login, right)
			if len(walked) > known || right.Privilege == "OWNERSHIP" { // which is not among what is given
				require.ErrorContains(t, need.Check(t.Context(), conn), right.Words, "%s without %s", what, right.Words)
			}
			giveBack()
		}
		require.NoError(t, conn.Close(t.Context()))
		var back []func()
		for _, right := range need.Rights {
			back = append(back, e.take(t, walked, login, right))
		}
		err = runAtMost(t, 20*time.Second, run)
		require.ErrorContains(t, err, e.names[login], what)
		for _, right := range need.Rights {
			require.ErrorContains(t, err, right.Words, what)
		}
		for _, giveBack := range slices.Backward(back) {
			giveBack()
		}
	}
	err := runAtMost(t, time.Second, run) // what is missing is said before that is over
	if err != nil {                       // such as that nothing is parked
		require.NotContains(t, err.Error(), "lacks", "%s with all rights", what)
		require.NotContains(t, err.Error(), "42501", "%s with all rights", what)
	}
}

// isOwners reports whether a login has a right because the table is its own.
func isOwners(login string, right app.Right) bool {
	return slices.Contains(membersOf[login], "projector") && strings.HasPrefix(right.Schema, "read") && right.Privilege != "OWNERSHIP"
}

// runAtMost runs until it ends, or for a time.
func runAtMost(t *testing.T, limit time.Duration, run func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
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
func (e *installation) take(t *testing.T, walked map[string]bool, login string, right app.Right) (giveBack func()) {
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
