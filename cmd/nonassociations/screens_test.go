package main

import (
	"bytes"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	evidence "nonassociations/audit/evidence/store"
	"nonassociations/cmd/internal/app"
	"nonassociations/web/screens/store"
)

// program runs the program with an environment of its own.
func program(t *testing.T, environment []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], args...)
	command.Dir = t.TempDir()
	command.Env = append([]string{asProgram + "=yes", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, environment...)
	var out, errs strings.Builder
	command.Stdout, command.Stderr = &out, &errs
	_ = command.Run() // how it ended is its exit status
	return out.String(), errs.String(), command.ProcessState.ExitCode()
}

// TestScreens_namesEveryMissingVariableAtOnce, and does not start.
func TestScreens_namesEveryMissingVariableAtOnce(t *testing.T) {
	required := []string{
		"EVENTSTORE_URL", "DATABASE_URL", "AUTH_ISSUER", "AUTH_JWKS_URL", "AUTH_AUDIENCE", "PRISONER_SEARCH_URL", "SCREENS_CLIENT_ID",
		"SCREENS_SESSION_KEY", "SCREENS_PUBLIC_URL",
	}
	stdout, stderr, status := program(t, nil, "screens")
	require.Equal(t, 1, status)
	require.Empty(t, stdout)
	for _, name := range required {
		require.Contains(t, stderr, name)
	}
	stdout, _, status = program(t, nil, "screens", "--help")
	require.Zero(t, status)
	for _, name := range append(required, "SCREENS_ADDR=:9080", "AUDIT_QUEUE_URL", "Examples:", "USER_ROLES_API_URL", "COMPONENT_API_URL") {
		require.Contains(t, stdout, name)
	}
}

// viewed has a view at each of some times, which the audit queue has not taken.
func viewed(t *testing.T, dsn string, times ...string) []uuid.UUID {
	t.Helper()
	key, err := store.NewKey(bytes.Repeat([]byte{1}, store.KeySize))
	require.NoError(t, err)
	s, err := store.Open(t.Context(), dsn, key)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	ids := make([]uuid.UUID, len(times))
	for i, text := range times {
		at, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		ids[i] = uuid.New()
		require.NoError(t, s.InsertView(t.Context(), store.View{ID: ids[i], At: at, UserName: "U", Page: store.PageList, RequestID: uuid.New()}))
	}
	return ids
}

func viewsOf(t *testing.T, dsn string) (count int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM screens.view`).Scan(&count))
	return count
}

// TestPruneViews_removesThoseBeforeADayOfLondon, and is kept as an act.
func TestPruneViews_removesThoseBeforeADayOfLondon(t *testing.T) {
	dsn := schemas.New(t)
	ids := viewed(t, dsn, "2026-07-14T22:59:59Z", "2026-07-14T23:00:00Z", "2026-01-01T00:00:00Z")
	environment := []string{"DATABASE_URL=" + dsn, "EVENTSTORE_URL=" + dsn}
	prune := []string{"screens", "prune-views", "--before", "2026-07-15", "--reason", "Three years are over", "--json"}

	stdout, stderr, status := program(t, environment, append(prune, "--dry-run")...)
	require.Zero(t, status, stderr)
	require.JSONEq(t, `{"removed":0,"wouldRemove":2}`, stdout)
	require.Equal(t, 3, viewsOf(t, dsn))
	require.Empty(t, acts(t, dsn), "nothing was done")

	// With an audit queue those stay that it has not taken.
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), `DELETE FROM screens.unsent_view WHERE view_id = $1`, ids[0])
	require.NoError(t, err)
	stdout, stderr, status = program(t, append(environment, "AUDIT_QUEUE_URL=https://sqs.eu-west-2.amazonaws.com/0/x"), append(prune, "--user", "JSMITH")...)
	require.Zero(t, status, stderr)
	require.JSONEq(t, `{"removed":1}`, stdout)
	require.Equal(t, 2, viewsOf(t, dsn))

	stdout, _, status = program(t, environment, prune[:len(prune)-1]...)
	require.Zero(t, status)
	require.Equal(t, "Removed 1 view.\n", stdout)
	require.Equal(t, 1, viewsOf(t, dsn), "the 15th in London has begun")
	me, err := user.Current()
	require.NoError(t, err)
	all := acts(t, dsn)
	require.Len(t, all, 2)
	require.Equal(t, []string{me.Username, "JSMITH"}, []string{all[0].User, all[1].User})
	require.Equal(t, evidence.Done, all[0].Outcome)
	require.Equal(t, []string{"screens prune-views", "views before 2026-07-15", "Three years are over"}, []string{all[0].Action, all[0].Object, all[0].Reason})

	_, stderr, status = program(t, environment, "screens", "prune-views", "--before", "2026-07-15", "--reason", "a\xff", "--user", "b\xff")
	require.Zero(t, status, stderr)
	require.Equal(t, "a\uFFFD", acts(t, dsn)[0].Reason, "a text that no table can hold keeps no act out")
}

// TestPruneViews_refusesAWrongCommandLine before anything is opened: nothing is there.
func TestPruneViews_refusesAWrongCommandLine(t *testing.T) {
	environment := []string{"DATABASE_URL=postgres://127.0.0.1:1/x", "EVENTSTORE_URL=embedded"}
	for _, args := range [][]string{
		{},
		{"--before", "2026-07-15"},
		{"--reason", "why"},
		{"--before", "yesterday", "--reason", "why"},
		{"--before", "2026-02-30", "--reason", "why"},
		{"--before", "0000-01-01", "--reason", "why"},
		{"--before", "2026-07-15", "--reason", " "},
		{"--before", "2026-07-15", "--reason", "why", "--user", ""},
		{"--before", "2026-07-15", "--reason", "why", "more"},
	} {
		stdout, stderr, status := program(t, environment, append([]string{"screens", "prune-views", "--json"}, args...)...)
		require.Equal(t, exitUsage, status, "%q: %s", args, stderr)
		require.Empty(t, stdout)
	}
}

// TestPruneViews_thatCannotBeDoneSaysWhy with its own status.
func TestPruneViews_thatCannotBeDoneSaysWhy(t *testing.T) {
	prune := []string{"screens", "prune-views", "--before", "2026-07-15", "--reason", "why", "--json"}
	stdout, stderr, status := program(t, nil, prune...)
	require.Equal(t, 2, status)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "DATABASE_URL")
	require.Contains(t, stderr, "EVENTSTORE_URL")
	stdout, _, status = program(t, []string{"DATABASE_URL=postgres://127.0.0.1:1/x", "EVENTSTORE_URL=embedded"}, prune...)
	require.Equal(t, 2, status)
	require.Empty(t, stdout)

	dsn := schemas.New(t)
	viewed(t, dsn, "2026-01-01T00:00:00Z")
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), `DROP SCHEMA evidence CASCADE`)
	require.NoError(t, err)
	_, stderr, status = program(t, []string{"DATABASE_URL=" + dsn, "EVENTSTORE_URL=" + dsn}, prune...)
	require.Equal(t, 2, status, stderr)
	require.Equal(t, 1, viewsOf(t, dsn), "what cannot be recorded is not done")
}

// TestPruneViews_usesTheDevelopmentRun where nothing is configured.
func TestPruneViews_usesTheDevelopmentRun(t *testing.T) {
	dsn, data := schemas.New(t), t.TempDir()
	viewed(t, dsn, "2026-01-01T00:00:00Z")
	require.NoError(t, os.WriteFile(filepath.Join(data, app.RunFile), []byte(`{"DATABASE_URL":"`+dsn+`","EVENTSTORE_URL":"`+dsn+`"}`), 0o600))
	stdout, stderr, status := program(t, []string{"DATA_DIR=" + data}, "screens", "prune-views", "--before", "2026-01-02", "--reason", "why", "--json")
	require.Zero(t, status, stderr)
	require.JSONEq(t, `{"removed":1}`, stdout)
}
