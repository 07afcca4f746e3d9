package app_test

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/freeport"
	"nonassociations/internal/dev/localaws"
	"nonassociations/web/shape"
)

// statusOf asks by variables, and returns the parts by name.
func statusOf(t *testing.T, environment map[string]string) (shape.SystemStatus, map[string]shape.PartStatus) {
	t.Helper()
	return statusWithin(t, time.Minute, environment)
}

// hurriedStatus is statusOf where a part never answers.
func hurriedStatus(t *testing.T, environment map[string]string) (shape.SystemStatus, map[string]shape.PartStatus) {
	t.Helper()
	begun := time.Now()
	all, parts := statusWithin(t, 4*time.Second, environment)
	require.Less(t, time.Since(begun), 20*time.Second)
	return all, parts
}

func statusWithin(t *testing.T, partTime time.Duration, environment map[string]string) (shape.SystemStatus, map[string]shape.PartStatus) {
	t.Helper()
	all, err := app.StatusOptions{
		Environment: environment, Clock: time.Now, Logger: slog.New(slog.DiscardHandler), PartTime: partTime,
	}.Status(t.Context())
	require.NoError(t, err)
	parts := map[string]shape.PartStatus{}
	for _, p := range all.Parts {
		require.NotNil(t, p.Numbers, p.Part)
		if p.Runbook != nil {
			_, err := os.Stat(filepath.Join("../../..", *p.Runbook))
			require.NoError(t, err, "the runbook of %s", p.Part)
		}
		parts[p.Part] = p
	}
	return all, parts
}

const consumerRowSQL = `INSERT INTO consumer.status (consumer, holder, build, position, head, heartbeat)
	VALUES ($1, gen_random_uuid(), 'b', 0, 0, clock_timestamp())`

func TestStatus_isThatOfEachPart(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	conn := connectTo(t, dsn)
	environment := map[string]string{"DATABASE_URL": dsn, "EVENTSTORE_URL": dsn}
	all, parts := statusOf(t, environment)
	require.Equal(t, shape.Down, all.Status)
	require.True(t, all.AllAsked())
	require.False(t, parts["readModel"].OK, "no projector has ever run")
	for _, none := range []string{"publisher", "queues", "migration", "reconciliation", "nomis", "evidence", "checks"} {
		require.NotContains(t, parts, none)
	}

	for _, name := range []string{"readModel", "publisher", "nomisTurns"} {
		execSQL(t, conn, consumerRowSQL, name)
	}
	environment["NOMIS_API_URL"] = "http://127.0.0.1:1"
	all, parts = statusOf(t, environment)
	require.Equal(t, shape.Up, all.Status, "%+v", all.Parts)
	require.EqualValues(t, 0, parts["readModel"].Numbers["lagSeconds"])
	require.Len(t, parts, 8)
	for name, p := range parts {
		require.True(t, p.Asked && p.OK, name)
		require.Nil(t, p.Since, name)
	}

	since := time.Now().Add(-time.Hour).UTC().Truncate(time.Microsecond)
	environment["AUDIT_QUEUE_URL"] = "http://127.0.0.1:1/views"
	for part, spoil := range map[string]string{
		"readModel": `UPDATE consumer.status SET fault_category = 'CANNOT_APPLY', fault_since = $1 WHERE consumer = 'readModel'`,
		"publisher": `UPDATE consumer.status SET heartbeat = $1 WHERE consumer = 'publisher'`,
		"nomis": `INSERT INTO nomis.due_pair (pair, version, first_ring, last_ring, not_before, causes, deletions)
			VALUES ('A0135GA_A9109UD', gen_random_uuid(), $1, $1, $1, '[]', '{}')`,
		"views": unsentViewSQL,
	} {
		execSQL(t, conn, spoil, since)
		all, parts = statusOf(t, environment)
		require.Equal(t, shape.Down, all.Status, part)
		require.True(t, parts[part].Asked && !parts[part].OK, part)
		require.WithinDuration(t, since, *parts[part].Since, time.Millisecond, part)
	}
	require.True(t, all.AllAsked())
	require.True(t, parts["postgres"].OK && parts["eventstore"].OK, "the others are well")
}

const unsentViewSQL = `WITH v AS (INSERT INTO screens.view (id, at, user_name, page, route, query, subjects, shown, position, build, request_id, outside_caseload, refused)
	VALUES (gen_random_uuid(), $1, 'U', 'LIST', '/', '', '{}', '{}', 0, '', gen_random_uuid(), false, false) RETURNING id)
	INSERT INTO screens.unsent_view (view_id, claimed_until) SELECT id, now() FROM v`

func TestStatus_ofAParkedMessageIsNotWell(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	conn := connectTo(t, dsn)
	execSQL(t, conn, consumerRowSQL, "publisher")
	execSQL(t, conn, `INSERT INTO publisher.parked (topic, event_id, pairs, revision, "commit", prepare, state, reason, attempts, parked_at, changed_at)
		VALUES ('domain', $1, '{A_B}', 0, 1, 1, 'refused', 'InvalidParameter', 1, now(), now())`, uuid.New())
	_, parts := statusOf(t, map[string]string{"DATABASE_URL": dsn})
	require.False(t, parts["publisher"].OK)
	require.Equal(t, 1, parts["publisher"].Numbers["parked"])
	require.Equal(t, "docs/runbooks/MessageParked.md", *parts["publisher"].Runbook)
	require.NotNil(t, parts["publisher"].Since)
	require.NotContains(t, parts, "eventstore")

	execSQL(t, conn, `UPDATE publisher.parked SET state = 'skipped'`)
	_, parts = statusOf(t, map[string]string{"DATABASE_URL": dsn})
	require.True(t, parts["publisher"].OK, "somebody has decided")
}

func TestStatus_answersWhilePostgresIsAwayOrHangs(t *testing.T) {
	t.Parallel()
	log := migrated(t)
	for name, address := range map[string]string{"away": freeport.Address(t), "hangs": silent(t)} {
		all, parts := hurriedStatus(t, map[string]string{"DATABASE_URL": "postgres://x@" + address + "/x", "EVENTSTORE_URL": log})
		require.Equal(t, shape.Down, all.Status, name)
		require.False(t, all.AllAsked(), name)
		require.True(t, parts["eventstore"].Asked && parts["eventstore"].OK, name)
		for _, part := range []string{"postgres", "readModel", "publisher", "views", "migration", "reconciliation", "nomis"} {
			require.Contains(t, parts, part, name)
			require.False(t, parts[part].Asked || parts[part].OK, "%s of %s", part, name)
		}
	}
}

func TestStatus_answersWhileTheLogIsAwayOrHangs(t *testing.T) {
	t.Parallel()
	tables := migrated(t)
	for name, address := range map[string]string{"away": freeport.Address(t), "hangs": silent(t)} {
		_, parts := hurriedStatus(t, map[string]string{"EVENTSTORE_URL": "postgres://x@" + address + "/x", "DATABASE_URL": tables})
		require.False(t, parts["eventstore"].Asked, name)
		require.True(t, parts["postgres"].Asked && parts["postgres"].OK, name)
		require.True(t, parts["readModel"].Asked, name)
	}
}

func TestStatus_ofAProcessAsksItsOwnLog(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	config := app.Config{DatabaseURL: dsn, EventStoreURL: "esdb://" + freeport.Address(t) + "?tls=false"}
	log := memory.New()
	t.Cleanup(func() { require.NoError(t, log.Close(context.Background())) })
	all, err := app.StatusOptions{Config: &config, Log: log, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)}.Status(t.Context())
	require.NoError(t, err)
	require.True(t, all.AllAsked())
}

// silent is an address at which somebody listens and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	return listener.Addr().String()
}

// TestStatus_ofQueues changes the endpoint of the whole process, so it is not parallel.
func TestStatus_ofQueues(t *testing.T) {
	server, err := localaws.Start(t.Context(), localaws.Options{})
	require.NoError(t, err)
	t.Setenv("AWS_ENDPOINT_URL_SQS", server.URL())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	environment := map[string]string{"EVENTSTORE_URL": migrated(t), "DOMAIN_EVENTS_QUEUE_URL": server.Queue("ours")}
	_, parts := statusOf(t, environment)
	require.Len(t, parts, 2)
	require.True(t, parts["queues"].Asked)
	require.Contains(t, parts["queues"].Numbers, "domainEvents")
	require.NoError(t, server.Stop(context.Background()))
	_, parts = statusOf(t, environment)
	require.False(t, parts["queues"].Asked)
	require.True(t, parts["eventstore"].OK)
}

func TestStatus_ofNothingOrOfWrongVariablesIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		environment map[string]string
		says        string
	}{
		"nothing":    {map[string]string{}, "DATABASE_URL and EVENTSTORE_URL are not set"},
		"embedded":   {map[string]string{"EVENTSTORE_URL": "embedded"}, "DATABASE_URL is not set"},
		"plain text": {map[string]string{"DATABASE_URL": "postgres://u:s3cret@far.example.org/x?sslmode=disable"}, "DATABASE_URL"},
		"no address": {map[string]string{"DATABASE_URL": "mysql://u:s3cret@localhost/x"}, "DATABASE_URL"},
		"no store":   {map[string]string{"EVENTSTORE_URL": "s3cret"}, "EVENTSTORE_URL"},
	} {
		_, err := app.StatusOptions{Environment: c.environment, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)}.Status(t.Context())
		require.ErrorContains(t, err, c.says, name)
		require.NotContains(t, err.Error(), "s3cret", name)
	}
}
