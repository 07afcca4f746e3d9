package app_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/freeport"
)

func TestPublishingProcess_namesEverythingThatItLacks(t *testing.T) {
	environment := map[string]string{"EVENTSTORE_URL": "embedded", "DATABASE_URL": "postgres:///app?host=/run"}
	_, err := app.ReadConfig(environment, app.Roles{Publish: true})
	require.ErrorContains(t, err, "SNS_TOPIC_ARN")
	require.ErrorContains(t, err, "PUBLIC_URL")
	environment["SNS_TOPIC_ARN"], environment["HISTORY_TOPIC_ARN"], environment["PUBLIC_URL"] = "a", "a", "https://x"
	_, err = app.ReadConfig(environment, app.Roles{Publish: true})
	require.ErrorContains(t, err, "HISTORY_TOPIC_ARN")
}

// The role in this process: both topics are told, and it says how it is.
func TestPublishingProcess_publishesToBothTopicsAndHowItIs(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	log, err := postgres.Open(t.Context(), dsn, postgres.Options{})
	require.NoError(t, err)
	_, err = eventstore.WriteIdentity(t.Context(), log, uuid.New())
	require.NoError(t, err)
	require.NoError(t, log.Close(t.Context()))

	world, history := unique("world"), unique("history")
	config, err := app.ReadConfig(map[string]string{
		"EVENTSTORE_URL": "embedded", "DATABASE_URL": dsn, "PUBLIC_URL": "https://x.test", "LISTEN_ADDR": freeport.Address(t),
		"SNS_TOPIC_ARN": aws.Topic(world), "HISTORY_TOPIC_ARN": aws.Topic(history),
	}, app.Roles{Publish: true})
	require.NoError(t, err)
	for _, topic := range []string{world, history} {
		require.NoError(t, aws.Subscribe(aws.Topic(topic), topic, true, ""))
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- app.Run(ctx, app.Options{
			Config: config, Roles: app.Roles{Publish: true}, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
		})
	}()
	r := run(t, dsn, dsn)
	<-r.ready
	r.sync(t, "A0135GA")
	for _, topic := range []string{world, history} {
		require.Eventually(t, func() bool { return len(aws.Messages(topic)) == 1 }, time.Minute, 10*time.Millisecond)
	}
	get := func(path string) (int, string) {
		answer, err := r.client.Get("http://" + config.Edge.ListenAddr + path)
		if err != nil {
			return 0, err.Error()
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(body)
	}
	status, text := get("/health")
	require.Equal(t, http.StatusOK, status, text)
	require.Contains(t, text, `"historyPublisher":{"status":"UP"`)
	_, text = get("/metrics")
	require.Contains(t, text, `nonassociations_publisher_delivered_total{topic="domain"} 1`)
	for _, state := range []string{"refused", "failing", "blocked", "skipped"} {
		require.Contains(t, text, `nonassociations_publisher_parked_messages{state="`+state+`",topic="history"} 0`)
	}
	r.client.CloseIdleConnections()
	stop()
	require.NoError(t, <-ended)
}
