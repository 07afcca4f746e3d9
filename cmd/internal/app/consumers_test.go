package app_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/eventstore/postgres"
)

// One process with all roles has a row, a component of health and the metrics of
// every consumer that there is.
func TestConsumer_hasARowAPartOfHealthAndMetrics(t *testing.T) {
	t.Parallel()
	dsn, merges := migrated(t), unique("merges")
	keys := filepath.Join(t.TempDir(), "evidence.key")
	require.NoError(t, os.WriteFile(keys, []byte(evidenceSecret(t, "tree.test")+"\n"), 0o600))
	aws.Redrive(merges, unique("dead"), 3)
	s := runRoles(t, dsn, app.Roles{Serve: true, Project: true, Listen: true, Work: true, Publish: true, Sign: true}, app.HealthLimits{}, map[string]string{
		"EVIDENCE_ORIGIN": "tree.test", "EVIDENCE_KEY_FILE": keys,
		"SNS_TOPIC_ARN": aws.Topic(unique("world")), "HISTORY_TOPIC_ARN": aws.Topic(unique("history")), "PRISONER_EVENTS_QUEUE_URL": aws.Queue(merges),
		// No pair is due, and nobody has a record: they are not called.
		"NOMIS_API_URL": "http://127.0.0.1:1", "PRISONER_SEARCH_URL": "http://127.0.0.1:1",
	})
	<-s.ready
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var rows map[string]status.Status
	require.Eventually(t, func() bool {
		rows, err = status.ReadAll(t.Context(), conn)
		return err == nil && len(rows) == len(app.Consumers())
	}, time.Minute, 50*time.Millisecond)
	s.becomes(t, "UP")
	var body struct {
		Components map[string]map[string]any
	}
	_, text := s.get(t, "/health")
	require.NoError(t, json.Unmarshal([]byte(text), &body))
	delete(body.Components, "eventStore")
	delete(body.Components, "prisonerEvents-health")
	require.Len(t, body.Components, len(app.Consumers()))
	exported := s.scrape(t)
	for _, name := range app.Consumers() {
		require.Contains(t, rows, name)
		requireWholeConsumer(t, body.Components[name])
		require.NotNil(t, body.Components[name]["heartbeat"], name)
		require.Equal(t, strings.HasPrefix(name, "nomis"), rows[name].Position == nil, name)
		require.Contains(t, exported, `nonassociations_consumer_heartbeat_timestamp_seconds{consumer="`+name+`"}`)
		for _, category := range status.Categories() {
			require.Contains(t, exported, `nonassociations_consumer_fault{category="`+string(category)+`",consumer="`+name+`"} 0`)
		}
	}
	t.Log("walked", app.Consumers())
}

// requireWholeConsumer: no key of a consumer is left out of health, nor of its fault.
func requireWholeConsumer(t *testing.T, one map[string]any) {
	t.Helper()
	for _, key := range []string{"status", "position", "head", "lag", "heartbeat", "fault"} {
		require.Contains(t, one, key)
	}
	fault, _ := one["fault"].(map[string]any)
	for _, key := range []string{"category", "eventId", "type", "position", "since"} {
		require.Equal(t, fault != nil, slices.Contains(slices.Collect(maps.Keys(fault)), key), key)
	}
}

// A consumer without a row was never there.
func TestHealth_withoutAProjectorIsDown(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	s := runRoles(t, dsn, app.Roles{Serve: true}, app.HealthLimits{}, nil)
	require.Eventually(t, func() bool { status, _ := s.get(t, "/health/readiness"); return status == http.StatusOK }, time.Minute, 50*time.Millisecond)
	down := s.becomes(t, "DOWN")
	require.Nil(t, down.Heartbeat)
}

// What follows the log or reads a queue is one of these, each of which has a row: a
// new one must be watched too.
func TestConsumers_allHaveARow(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "git", "grep", "-lE", `consumer\.New\(|\.ReceiveMessage\(`, "--", "../../../*.go", ":!../../../*_test.go", ":!../../../internal", ":!../../../cmd/bench").Output()
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"../../../projections/runner.go", "../../../publisher/publisher.go", "../../../nomis/queue.go", "../../../audit/evidence/signer/signer.go"}, strings.Fields(string(out)))
}

func TestAddresses_ofMetricsAreCheckedAtTheStart(t *testing.T) {
	environment := map[string]string{"EVENTSTORE_URL": "embedded", "DATABASE_URL": "postgres:///app?host=/run"}
	for address, fault := range map[string]string{"nowhere": "METRICS_ADDR must be host:port", "127.0.0.1:8081": "METRICS_ADDR must have another port", ":8082": ""} {
		environment["METRICS_ADDR"], environment["LISTEN_ADDR"] = address, ":8081"
		config, err := app.ReadConfig(environment, app.Roles{Project: true})
		if fault == "" {
			require.NoError(t, err)
			require.Equal(t, address, config.MetricsAddr)
			continue
		}
		require.ErrorContains(t, err, fault)
	}
	delete(environment, "METRICS_ADDR")
	environment["LISTEN_ADDR"] = "nowhere"
	_, err := app.ReadConfig(environment, app.Roles{Project: true})
	require.ErrorContains(t, err, "LISTEN_ADDR")
}

// A fact that this build cannot read is named by its id, never by its stream, which
// is both prisoners.
func TestHealth_ofAPublisherSaysNoTextOfAnError(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	log, err := postgres.Open(t.Context(), dsn, postgres.Options{})
	require.NoError(t, err)
	_, err = eventstore.WriteIdentity(t.Context(), log, uuid.New())
	require.NoError(t, err)
	id := uuid.New()
	_, err = log.Append(t.Context(), eventstore.Append{
		Stream: "nonAssociation-A0135GA_A9109UD", Expected: eventstore.NoStream,
		Events: []eventstore.Event{{ID: id, Type: "nonassociation.opened.v1", Data: []byte(`{"comment":"He knows"`), Metadata: []byte(`{}`)}},
	})
	require.NoError(t, err)
	require.NoError(t, log.Close(t.Context()))
	s := runRoles(t, dsn, app.Roles{Publish: true}, app.HealthLimits{}, map[string]string{
		"SNS_TOPIC_ARN": aws.Topic(unique("world")), "PUBLIC_URL": "http://x.test",
	})
	var last string
	require.Eventually(t, func() bool {
		_, last = s.get(t, "/health")
		return strings.Contains(last, `"fault":{"category":"CANNOT_READ","eventId":"`+id.String())
	}, time.Minute, 50*time.Millisecond)
	status, text := s.get(t, "/health")
	require.Equal(t, http.StatusServiceUnavailable, status)
	var body struct {
		Components map[string]map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(text), &body))
	requireWholeConsumer(t, body.Components["publisher"])
	requireWholeConsumer(t, body.Components["readModel"]) // of every process, and here nobody builds one
	for _, word := range []string{"A0135GA", "A9109UD", "He knows", dsn, "decode"} {
		require.NotContains(t, text, word)
	}
	require.Contains(t, s.scrape(t), `nonassociations_consumer_fault{category="CANNOT_READ",consumer="publisher"} 1`)
}
