package service_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/service"
	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
)

// TestALogThatWasPutBackIsNotServed: its id is the same, and what the read model
// shows is not in it.
func TestALogThatWasPutBackIsNotServed(t *testing.T) {
	log, tables, backup := migrated(t), migrated(t), migrated(t)
	r := run(t, log, tables)
	<-r.ready
	for _, other := range []string{"A0135GA", "A0136GA"} {
		response, err := r.client.Do(r.request(t, http.MethodPost, "/sync", strings.NewReader(strings.ReplaceAll(told, "A0135GA", other))))
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode)
		_, list := r.get(t, "/non-associations/"+other+"?atLeast="+response.Header.Get("X-Position"))
		require.Contains(t, list, "A9109UD")
	}
	r.stop()
	require.NoError(t, <-r.ended)

	copyLog(t, log, backup, 2) // its id and the first fact
	err := service.Run(t.Context(), service.Options{
		Config: service.Config{EventStoreURL: backup, DatabaseURL: tables, Edge: service.Edge{
			ListenAddr: freeAddress(t), AuthIssuer: "x", AuthJWKSURL: "http://127.0.0.1:1/", AuthAudience: "x",
		}},
		Roles: service.Roles{Serve: true}, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	require.ErrorContains(t, err, "is not in this log")
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
