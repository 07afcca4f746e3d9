package app_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
)

// TestProcess_worksWithItsOwnLogin: a write, its message, its list, a merge, a
// rebuild by every role that may, and the read model stays the projector's.
func TestProcess_worksWithItsOwnLogin(t *testing.T) {
	t.Parallel()
	e := newInstallation(t)
	project, publish := e.start(t, "project"), e.start(t, "publish")
	listen, serve := e.start(t, "nomis listen"), e.start(t, "serve")
	serve.waitReady(t)
	serve.syncFirst(t, "X1111XX")
	serve.eventuallyShows(t, "R1111RR", "X1111XX")
	require.Eventually(t, func() bool { return len(aws.Messages(e.receivedQueue)) == 1 }, time.Minute, 10*time.Millisecond)
	message := uuid.NewString()
	aws.Send(e.merges, fmt.Sprintf(`{"MessageId":%q,"Message":"{\"eventType\":\"prison-offender-events.prisoner.merged\",`+
		`\"additionalInformation\":{\"nomsNumber\":\"S1111SS\",\"removedNomsNumber\":\"R1111RR\",\"reason\":\"MERGE\"}}"}`, message))
	serve.eventuallyShows(t, "S1111SS", "X1111XX")
	_, err := app.Unmerge(t.Context(), e.options(t, "nomis work"), message, "They are two men", false)
	require.NoError(t, err)
	serve.eventuallyShows(t, "R1111RR", "X1111XX")
	told, err := app.PublishStatus(t.Context(), e.options(t, "publish"))
	require.NoError(t, err)
	require.True(t, told[0].Begun)
	_, err = app.Parked(t.Context(), e.options(t, "publish"))
	require.NoError(t, err)
	verifying := e.options(t, "serve")
	verifying.Config.EventStoreURL, verifying.Config.DatabaseURL = e.logins["evidence"], e.logins["evidence"]
	found, err := app.VerifyReadModel(t.Context(), verifying, app.VerifyRequest{})
	require.NoError(t, err)
	require.True(t, found.OK)

	for name, dsn := range map[string]string{"the projector": e.logins["projector"], "a superuser": e.super, "the owner": e.logins["owner"]} {
		o := e.options(t, "project")
		o.Config.EventStoreURL, o.Config.DatabaseURL = dsn, dsn
		_, err := app.Rebuild(t.Context(), o, app.RebuildRequest{})
		require.NoError(t, err, name)
		e.ownsTheReadModel(t, name)
		serve.eventuallyShows(t, "R1111RR", "X1111XX") // and the projector at work goes on
	}
	for _, r := range []*service{serve, listen, publish, project} {
		r.stopInOrder(t)
	}
	for name, dsn := range map[string]string{"one that adopts": e.logins["adopting"], "a superuser": e.super} {
		o := e.options(t, "project")
		o.Config.EventStoreURL, o.Config.DatabaseURL = dsn, dsn
		_, err = app.AdoptLog(t.Context(), o, identity(t, e.super), false)
		require.NoError(t, err, name)
		e.ownsTheReadModel(t, name)
	}
	require.NoError(t, app.SchemaUp(t.Context(), e.config("owner")))
	one := e.start(t, "serve --project")
	one.waitReady(t)
	one.eventuallyShows(t, "R1111RR", "X1111XX")
	one.stopInOrder(t)
}

// ownsTheReadModel checks that no other role owns a part of it.
func (e *installation) ownsTheReadModel(t *testing.T, name string) {
	t.Helper()
	var others []string
	err := e.conn.QueryRow(t.Context(), `SELECT coalesce(array_agg(relname::text), '{}') FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
		WHERE nspname LIKE 'read%' AND 'nonassociations_projector'::regrole NOT IN (relowner, nspowner)`).Scan(&others)
	require.NoError(t, err)
	require.Empty(t, others, name)
}

// TestRows_thatAPolicyHidesAreNotTakenForMissing: a checkpoint that is not shown
// would let the read model, or a topic, begin again.
func TestRows_thatAPolicyHidesAreNotTakenForMissing(t *testing.T) {
	t.Parallel()
	e := newInstallation(t)
	for kind, table := range map[string]string{"publish": "publisher.checkpoint", "serve": "commands.idempotency_keys"} {
		execSQL(t, e.conn, "ALTER TABLE "+table+" ENABLE ROW LEVEL SECURITY")
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		err := app.Run(ctx, e.options(t, kind))
		cancel()
		require.ErrorContains(t, err, "all rows of "+table, kind)
		execSQL(t, e.conn, "ALTER TABLE "+table+" DISABLE ROW LEVEL SECURITY")
	}
}

// TestRight_thatGoesLaterIsReportedByReadiness, and is forgotten when it is back.
func TestRight_thatGoesLaterIsReportedByReadiness(t *testing.T) {
	t.Parallel()
	e := newInstallation(t)
	one := e.start(t, "serve --project")
	one.waitReady(t)
	readiness := func(status int) {
		t.Helper()
		require.Eventually(t, func() bool { got, _ := one.get(t, "/health/readiness"); return got == status }, time.Minute, 50*time.Millisecond)
	}
	readiness(http.StatusOK)
	execSQL(t, e.conn, "REVOKE DELETE ON commands.idempotency_keys FROM nonassociations_writer") // which is used once an hour
	readiness(http.StatusServiceUnavailable)
	execSQL(t, e.conn, "GRANT DELETE ON commands.idempotency_keys TO nonassociations_writer")
	readiness(http.StatusOK)
	one.stopInOrder(t)
}

// TestTables_thatMayNotBeSeenAreNotTakenForMissing: a table of another log that this role
// may not read stops it, whichever schema it is in.
func TestTables_thatMayNotBeSeenAreNotTakenForMissing(t *testing.T) {
	t.Parallel()
	e := newInstallation(t)
	one := e.start(t, "serve --project") // so that the log has its id
	one.waitReady(t)
	one.stopInOrder(t)
	execSQL(t, e.conn, `CREATE SCHEMA "Some schema"; CREATE TABLE "Some schema".kept (store_id uuid);
		INSERT INTO "Some schema".kept VALUES (gen_random_uuid())`)
	for _, kind := range []string{"serve", "nomis listen", "serve --project"} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		err := app.Run(ctx, e.options(t, kind))
		cancel()
		require.ErrorContains(t, err, "lacks USAGE ON SCHEMA Some schema, SELECT ON TABLE Some schema.kept", kind)
		require.ErrorContains(t, err, e.names[processes[kind].login])
	}
}
