package app_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/token"
	"nonassociations/web/client"
	"nonassociations/web/shape"
)

// A serving process shows the queues whose variables are set, and no other.
func TestQueues_ofAServingProcess(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	events, details, dead := unique("domain-events"), unique("nomis-events"), unique("dead")
	aws.Redrive(events, dead, 3)
	operator := token.Request{User: "OPERATOR", Roles: []string{"NON_ASSOCIATIONS_ADMIN"}, Scopes: []string{"write"}}
	r := runOf(t, app.Roles{Serve: true, Project: true}, operator, time.Now(), map[string]string{
		"EVENTSTORE_URL": "embedded", "DATABASE_URL": dsn, "DOMAIN_EVENTS_QUEUE_URL": aws.Queue(events), "NOMIS_EVENTS_QUEUE_URL": aws.Queue(details),
	})
	<-r.ready
	c := client.New(client.Options{BaseURL: r.base, Token: client.StaticToken(r.token), HTTP: r.client})
	aws.Send(dead, `{"a":1}`)
	letters, err := c.DeadLetters(t.Context(), dead, client.DLQParams{})
	require.NoError(t, err)
	require.JSONEq(t, `{"a":1}`, string(letters.Body.Messages[0].Body))
	found, err := c.RetryDLQ(t.Context(), dead)
	require.NoError(t, err)
	require.Equal(t, 1, found.Body.MessagesFoundCount)
	all, err := c.RetryAllDLQs(t.Context())
	require.NoError(t, err)
	require.Len(t, all.Body, 1)
	health := func() client.Components {
		t.Helper()
		body, err := c.Health(t.Context())
		var down *client.Error
		require.ErrorAs(t, err, &down, "%v", body.Body)
		_, text := r.get(t, "/health")
		var whole client.Health
		require.NoError(t, json.Unmarshal([]byte(text), &whole))
		return *whole.Components
	}
	components := health()
	require.Equal(t, client.QueueHealth{Status: "UP", Details: shape.QueueDetails{
		QueueName: events, MessagesOnQueue: "1", MessagesInFlight: "0", DLQName: dead, MessagesOnDLQ: "0", DLQStatus: "UP",
	}}, *components.DomainEvents)
	require.Equal(t, client.QueueHealth{Status: "DOWN", Details: shape.QueueDetails{
		QueueName: details, MessagesOnQueue: "0", MessagesInFlight: "0", DLQStatus: "DOWN",
	}}, *components.NOMISEvents, "without a dead-letter queue")
	require.Nil(t, components.PrisonerEvents, "its variable is not set")
	aws.Send(details, "poison")
	for _, queue := range []string{events, details} {
		purged, err := c.PurgeQueue(t.Context(), queue, client.PurgeParams{Reason: "a mistake"})
		require.NoError(t, err)
		require.Equal(t, 1, purged.Body.MessagesFoundCount)
	}
	_, err = c.PurgeQueue(t.Context(), "prisoner-events", client.PurgeParams{Reason: "a mistake"})
	require.ErrorContains(t, err, "404")

	rows, err := connectTo(t, dsn).Query(t.Context(), `SELECT body || ' by ' || purged_by || ': ' || reason FROM nomis.purged_message ORDER BY body`)
	require.NoError(t, err)
	kept, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.ElementsMatch(t, []string{`{"a":1} by OPERATOR: a mistake`, `poison by OPERATOR: a mistake`}, kept)
	r.stop()
	require.NoError(t, <-r.ended)
}
