package app_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/freeport"
	"nonassociations/projections/rebuild"
	"nonassociations/publisher/store"
)

// TestLog_thatWasPutBackIsNotServed: its id is the same, and what the read model
// shows is not in it.
func TestLog_thatWasPutBackIsNotServed(t *testing.T) {
	t.Parallel()
	log, tables, backup := migrated(t), migrated(t), migrated(t)
	r := run(t, log, tables)
	<-r.ready
	for _, other := range []string{"A0135GA", "A0136GA"} {
		response, err := r.client.Do(r.request(t, http.MethodPost, "/sync", strings.NewReader(strings.ReplaceAll(syncBody, "A0135GA", other))))
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode)
		_, list := r.get(t, "/non-associations/"+other+"?atLeast="+response.Header.Get("X-Position"))
		require.Contains(t, list, "A9109UD")
	}
	r.stop()
	require.NoError(t, <-r.ended)

	copyLog(t, log, backup, 2) // its id and the first fact
	require.ErrorContains(t, app.Run(t.Context(), serving(t, backup, tables)), "is not in this log")
	_, err := app.AdoptLog(t.Context(), serving(t, backup, tables), identity(t, backup), false)
	require.NoError(t, err)
	r = run(t, backup, tables)
	<-r.ready
	_, list := r.get(t, "/non-associations/A9109UD")
	require.Contains(t, list, "A0135GA")
	require.NotContains(t, list, "A0136GA")
	r.stop()
	require.NoError(t, <-r.ended)
}

// serving is a process that only answers requests.
func serving(t *testing.T, log, tables string) app.Options {
	t.Helper()
	return app.Options{
		Config: app.Config{EventStoreURL: log, DatabaseURL: tables, Edge: app.Edge{
			ListenAddr: freeport.Address(t), AuthIssuer: "x", AuthJWKSURL: "http://127.0.0.1:1/", AuthAudience: "x",
		}},
		Roles: app.Roles{Serve: true}, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	}
}

func identity(t *testing.T, log string) uuid.UUID {
	t.Helper()
	store, err := postgres.Open(t.Context(), log, postgres.Options{})
	require.NoError(t, err)
	id, err := eventstore.ReadIdentity(t.Context(), store)
	require.NoError(t, err)
	require.NoError(t, store.Close(t.Context()))
	return id
}

// built is a log of its own with the tables that were built from it.
func built(t *testing.T) (log, tables string) {
	t.Helper()
	log, tables = migrated(t), migrated(t)
	r := run(t, log, tables)
	<-r.ready
	r.stop()
	require.NoError(t, <-r.ended)
	return log, tables
}

func TestOperator_takesAnotherLogOver(t *testing.T) {
	t.Parallel()
	mine, tables := built(t)
	other, _ := built(t)
	was, is := identity(t, mine), identity(t, other)
	command := "nonassociations rebuild --adopt-log " + is.String() + " --yes"
	require.ErrorContains(t, app.Run(t.Context(), serving(t, other, tables)), command)
	_, err := app.Rebuild(t.Context(), serving(t, other, tables), app.RebuildRequest{})
	require.ErrorContains(t, err, command)
	_, err = app.AdoptLog(t.Context(), serving(t, other, tables), was, false)
	require.ErrorContains(t, err, is.String())
	_, err = app.AdoptLog(t.Context(), serving(t, migrated(t), tables), was, false)
	require.ErrorContains(t, err, "has no id")

	checkpoint(t, tables, was)
	told, err := app.AdoptLog(t.Context(), serving(t, other, tables), is, true)
	require.NoError(t, err)
	require.Len(t, told, 4)
	require.Contains(t, told[0], "read_1 of log "+was.String())
	require.Contains(t, told[1], is.String())
	require.Contains(t, told[2], "idempotency keys")
	require.Contains(t, told[3], "publisher")
	require.ErrorContains(t, app.Run(t.Context(), serving(t, other, tables)), was.String(), "nothing was done")

	did, err := app.AdoptLog(t.Context(), serving(t, other, tables), is, false)
	require.NoError(t, err)
	require.Equal(t, told, did)
	walked := storeIDs(t, tables, was)
	require.Contains(t, walked, "consumer.status")
	r := run(t, other, tables)
	<-r.ready
	r.stop()
	require.NoError(t, <-r.ended)
	report, err := app.Rebuild(t.Context(), serving(t, other, tables), app.RebuildRequest{})
	require.NoError(t, err)
	require.Equal(t, rebuild.Flipped, report.Status)
}

// storeIDs are the tables that say which log they are of; none may still say that
// one.
func storeIDs(t *testing.T, dsn string, was uuid.UUID) (walked []string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), `SELECT table_schema || '.' || table_name FROM information_schema.columns
		JOIN information_schema.tables USING (table_schema, table_name) WHERE column_name = 'store_id' AND table_type = 'BASE TABLE'`)
	require.NoError(t, err)
	walked, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, table := range walked {
		var left int
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM `+table+` WHERE store_id = $1`, was).Scan(&left))
		require.Zero(t, left, table)
	}
	return walked
}

func copyLog(t *testing.T, from, to string, events int) {
	t.Helper()
	source, err := postgres.Open(t.Context(), from, postgres.Options{})
	require.NoError(t, err)
	target, err := postgres.Open(t.Context(), to, postgres.Options{})
	require.NoError(t, err)
	recorded, err := source.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, events)
	require.NoError(t, err)
	for _, e := range recorded {
		_, err := target.Append(t.Context(), eventstore.Append{Stream: e.Stream, Expected: eventstore.NoStream, Events: []eventstore.Event{e.Event}})
		require.NoError(t, err)
	}
	require.NoError(t, source.Close(t.Context()))
	require.NoError(t, target.Close(t.Context()))
}

// checkpoint is a publisher's that was here.
func checkpoint(t *testing.T, dsn string, log uuid.UUID) {
	t.Helper()
	require.NoError(t, store.Migrate(t.Context(), dsn))
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `INSERT INTO publisher.checkpoint (topic, store_id, "commit", prepare) VALUES ('domain', $1, 1, 1)`, log)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}
