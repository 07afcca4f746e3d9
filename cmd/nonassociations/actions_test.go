package main

import (
	"context"
	"os"
	"os/user"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	evidence "nonassociations/audit/evidence/store"
	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/testdb"
)

// schemas is a database with all durable tables.
var schemas = testdb.NewTemplate(func(ctx context.Context, dsn string) error {
	return app.SchemaUp(ctx, app.Config{EventStoreURL: dsn, DatabaseURL: dsn})
})

// acts are all acts that are kept, newest first.
func acts(t *testing.T, dsn string) []evidence.Action {
	t.Helper()
	kept, err := evidence.Open(t.Context(), dsn)
	require.NoError(t, err)
	defer kept.Close()
	all, _, err := kept.Actions(t.Context(), evidence.Filter{})
	require.NoError(t, err)
	return all
}

// withTables returns a database with all tables, which the commands of this test use.
func withTables(t *testing.T) string {
	t.Helper()
	dsn := schemas.New(t)
	t.Setenv("DATABASE_URL", dsn)
	t.Setenv("EVENTSTORE_URL", dsn)
	return dsn
}

const parkSQL = `INSERT INTO publisher.parked (topic, event_id, pairs, revision, "commit", prepare, state, reason, attempts, parked_at, changed_at)
	VALUES ('domain', $1, '{A_B}', 0, 1, 1, 'refused', 'InvalidParameter', 1, now(), now())`

func TestAct_isKeptWithUserReasonAndOutcome(t *testing.T) {
	dsn, event := withTables(t), uuid.New()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), parkSQL, event)
	require.NoError(t, err)

	require.Equal(t, 0, run([]string{"publish", "parked", "retry", event.String()}))
	require.Equal(t, 0, run([]string{"publish", "parked", "skip", event.String(), "--reason", "told by telephone", "--user", "JSMITH"}))
	require.Equal(t, 1, run([]string{"publish", "parked", "skip", uuid.NewString(), "--reason", "again", "--user", "JSMITH"}))
	all := acts(t, dsn)
	require.Len(t, all, 3)
	me, err := user.Current()
	require.NoError(t, err)
	require.Equal(t, me.Username, all[2].User, "the user of the machine")
	require.Equal(t, evidence.Done, all[2].Outcome)
	require.Equal(t, "publish parked retry", all[2].Action)
	skipped := all[1]
	require.Equal(t, "JSMITH", skipped.User)
	require.Equal(t, "publish parked skip", skipped.Action)
	require.Equal(t, "event "+event.String()+" of the domain topic", skipped.Object)
	require.Equal(t, "told by telephone", skipped.Reason)
	require.Equal(t, evidence.Refused, all[0].Outcome)

	require.Equal(t, exitUsage, run([]string{"publish", "parked", "retry", event.String(), "--user", " "}))
	require.Equal(t, 1, run([]string{"publish", "parked", "skip", event.String(), "--reason", " "}))
	require.Len(t, acts(t, dsn), 3, "what was not done is not kept")
}

func TestAct_thatCannotBeKeptIsNotDone(t *testing.T) {
	dsn, event := withTables(t), uuid.New()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), parkSQL, event)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `DROP SCHEMA evidence CASCADE`)
	require.NoError(t, err)
	require.NotEqual(t, 0, run([]string{"publish", "parked", "skip", event.String(), "--reason", "x"}))
	var state string
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT state FROM publisher.parked`).Scan(&state))
	require.Equal(t, "refused", state)
}

func TestCommand_usesTheRunOfTheDataFolder(t *testing.T) {
	dsn := withTables(t)
	folder := t.TempDir()
	text := `{"DATABASE_URL":"` + dsn + `","EVENTSTORE_URL":"` + dsn + `"}`
	require.NoError(t, os.WriteFile(filepath.Join(folder, app.RunFile), []byte(text), 0o600))
	for name, value := range map[string]string{"DATABASE_URL": "", "EVENTSTORE_URL": "", "DATA_DIR": folder} {
		t.Setenv(name, value)
	}
	require.Equal(t, dsn, app.CommandEnvironment()["DATABASE_URL"])
	require.Equal(t, 1, run([]string{"status", "--json"}), "no projector has ever run")
	t.Setenv("DATA_DIR", t.TempDir())
	require.Empty(t, app.CommandEnvironment()["DATABASE_URL"])
	require.Equal(t, 2, run([]string{"status"}))
	t.Setenv("DATA_DIR", folder)
	t.Setenv("DATABASE_URL", "postgres://x@127.0.0.1:1/x")
	require.Empty(t, app.CommandEnvironment()["EVENTSTORE_URL"], "what is set is not mixed with a run")
	require.Equal(t, 2, run([]string{"status"}))
}
