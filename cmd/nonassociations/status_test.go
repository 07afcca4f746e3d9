package main

import (
	"context"
	"encoding/json"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/localaws"
)

// allParts are the parts that there are, in the order in which they are shown.
var allParts = []string{
	"postgres", "eventstore", "readModel", "publisher", "queues", "evidence", "checks", "views", "migration", "reconciliation", "nomis",
}

// partsOf runs status --json, holds every key of its answer to the contract, and returns the
// parts by name, their names in order, and the exit status.
func partsOf(t *testing.T, environment ...string) (parts map[string]map[string]any, names []string, code int) {
	t.Helper()
	begun := time.Now()
	stdout, stderr, code := program(t, environment, "status", "--json")
	require.Less(t, time.Since(begun), 15*time.Second)
	var all map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &all), "%s\n%s", stdout, stderr)
	require.ElementsMatch(t, []string{"status", "build", "parts"}, slices.Collect(maps.Keys(all)))
	require.IsType(t, "", all["build"])
	require.Equal(t, map[bool]string{true: "UP", false: "DOWN"}[code == 0], all["status"])
	parts = map[string]map[string]any{}
	for _, one := range all["parts"].([]any) {
		part := one.(map[string]any)
		require.ElementsMatch(t, []string{"part", "asked", "ok", "numbers", "since", "runbook"}, slices.Collect(maps.Keys(part)), part)
		require.IsType(t, true, part["asked"])
		require.IsType(t, true, part["ok"])
		require.IsType(t, map[string]any{}, part["numbers"], part)
		if since := part["since"]; since != nil {
			_, err := time.Parse(time.RFC3339, since.(string))
			require.NoError(t, err)
		}
		if runbook := part["runbook"]; runbook != nil {
			require.FileExists(t, filepath.Join("../..", runbook.(string)))
		}
		name := part["part"].(string)
		names, parts[name] = append(names, name), part
	}
	return parts, names, code
}

// TestStatus_hasEveryKeyOfEveryPart, first while all is well and then while one part is not.
func TestStatus_hasEveryKeyOfEveryPart(t *testing.T) {
	t.Parallel()
	server, err := localaws.Start(t.Context(), localaws.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	server.Redrive("ours", "dead", 3)
	dsn := schemas.New(t)
	addCheck(t, dsn, true)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	for _, name := range []string{"readModel", "publisher", "nomisTurns", "evidence"} {
		_, err := conn.Exec(t.Context(), `INSERT INTO consumer.status (consumer, holder, build, position, head, heartbeat)
			VALUES ($1, gen_random_uuid(), 'b', 0, 0, clock_timestamp())`, name)
		require.NoError(t, err)
	}
	environment := []string{
		"DATABASE_URL=" + dsn, "EVENTSTORE_URL=" + dsn, "NOMIS_API_URL=http://127.0.0.1:1", "DOMAIN_EVENTS_QUEUE_URL=" + server.Queue("ours"),
		"AWS_ENDPOINT_URL_SQS=" + server.URL(), "AWS_EC2_METADATA_DISABLED=true",
	}
	parts, names, code := partsOf(t, environment...)
	require.Equal(t, allParts, names)
	for name, part := range parts {
		require.Equal(t, []any{true, true, nil}, []any{part["asked"], part["ok"], part["since"]}, name)
	}
	require.Zero(t, code)

	_, err = conn.Exec(t.Context(), `UPDATE consumer.status SET fault_category = 'CANNOT_APPLY', fault_since = now() WHERE consumer = 'readModel'`)
	require.NoError(t, err)
	parts, names, code = partsOf(t, environment...)
	require.Equal(t, allParts, names)
	require.Equal(t, []any{true, false}, []any{parts["readModel"]["asked"], parts["readModel"]["ok"]})
	require.NotNil(t, parts["readModel"]["since"])
	require.Equal(t, 1, code)
}

// TestStatus_endsThoughNobodyAnswers: Postgres, the log and the queues take connections and
// say nothing, which is worse than to be away.
func TestStatus_endsThoughNobodyAnswers(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	silent := listener.Addr().String()
	parts, names, code := partsOf(t,
		"DATABASE_URL=postgres://x@"+silent+"/x", "EVENTSTORE_URL=esdb://"+silent+"?tls=false", "NOMIS_API_URL=http://127.0.0.1:1",
		"DOMAIN_EVENTS_QUEUE_URL=http://"+silent+"/0/ours", "AWS_ENDPOINT_URL_SQS=http://"+silent, "AWS_EC2_METADATA_DISABLED=true",
	)
	require.Equal(t, allParts, names)
	for name, part := range parts {
		require.Equal(t, []any{false, false}, []any{part["asked"], part["ok"]}, name)
	}
	require.Equal(t, 2, code)
}

// TestStatus_leavesOutWhatHasNoVariables, and is one object even when that is everything.
func TestStatus_leavesOutWhatHasNoVariables(t *testing.T) {
	t.Parallel()
	dsn := schemas.New(t)
	_, names, code := partsOf(t, "EVENTSTORE_URL="+dsn)
	require.Equal(t, []string{"eventstore"}, names)
	require.Zero(t, code)
	_, names, code = partsOf(t, "DATABASE_URL="+dsn)
	require.Equal(t, []string{"postgres", "readModel", "views"}, names)
	require.Equal(t, 1, code, "no projector has ever run")
	_, names, code = partsOf(t)
	require.Empty(t, names)
	require.Equal(t, 2, code)
}
