package service_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/service"
	"nonassociations/internal/localaws"
	"nonassociations/internal/testdb"
)

// A merge from the queue to the lists, by a listener of its own process, and
// back by the operator.
func TestAMergeReachesTheListsAndIsTakenBack(t *testing.T) {
	dsn := testdb.New(t)
	require.NoError(t, service.SchemaUp(t.Context(), service.Config{EventStoreURL: service.Embedded, DatabaseURL: dsn}))
	queues, err := localaws.Start(t.Context(), localaws.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, queues.Stop(context.Background())) })
	roles := service.Roles{Listen: true}
	config, err := service.ReadConfig(map[string]string{
		"EVENTSTORE_URL": "embedded", "DATABASE_URL": dsn, "PRISONER_EVENTS_QUEUE_URL": queues.Queue("prisoner-events"),
	}, roles)
	require.NoError(t, err)
	options := service.Options{Config: config, Roles: roles, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)}

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx, options) }() // before the log has an id: it waits
	served := run(t, "embedded", dsn)
	<-served.ready
	served.tell(t)

	message := uuid.NewString()
	queues.Send("prisoner-events", fmt.Sprintf(`{"MessageId":%q,"Message":"{\"eventType\":\"prison-offender-events.prisoner.merged\",`+
		`\"additionalInformation\":{\"nomsNumber\":\"S1111SS\",\"removedNomsNumber\":\"R1111RR\",\"reason\":\"MERGE\"}}"}`, message))
	served.shows(t, "S1111SS", `"X1111XX"`)
	served.shows(t, "R1111RR", `"nonAssociations":[]`)
	served.shows(t, "X1111XX", `"S1111SS"`)

	undone, err := service.Unmerge(t.Context(), options, message, "They are two men", false)
	require.NoError(t, err)
	require.Len(t, undone.Changes, 1)
	require.EqualValues(t, "R1111RR", undone.Returned)
	served.shows(t, "R1111RR", `"X1111XX"`)
	served.shows(t, "S1111SS", `"nonAssociations":[]`)

	stop()
	require.NoError(t, <-ended)
	served.stop()
	require.NoError(t, <-served.ended)
}

func TestConfig_a_listener_needs_its_queue(t *testing.T) {
	environment := map[string]string{"EVENTSTORE_URL": "embedded", "DATABASE_URL": "postgres://x/y"}
	_, err := service.ReadConfig(environment, service.Roles{Listen: true})
	require.ErrorContains(t, err, "PRISONER_EVENTS_QUEUE_URL")
	environment["PRISONER_EVENTS_QUEUE_URL"] = "orders"
	_, err = service.ReadConfig(environment, service.Roles{Listen: true})
	require.ErrorContains(t, err, "PRISONER_EVENTS_QUEUE_URL must begin with http")
}

func (r *running) tell(t *testing.T) {
	t.Helper()
	body := `{"prisonerNumber":"R1111RR","nonAssociations":[{"reasonCode":"VIC","typeCode":"WING",
		"effectiveDate":"2021-07-05T10:35:17","authorisedBy":"Staff","comments":"apart",
		"prisonerNonAssociation":{"prisonerNumber":"X1111XX","reasonCode":"PER"}}]}`
	r.post(t, body)
}

func (r *running) shows(t *testing.T, number, part string) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, list := r.get(t, "/non-associations/"+number)
		return strings.Contains(list, part)
	}, 20*time.Second, 10*time.Millisecond)
}
