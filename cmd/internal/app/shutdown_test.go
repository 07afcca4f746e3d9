package app_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/testdb"
)

// TestShutdown_endsInTimeThoughPostgresHangs leaves calls of every package hanging before
// the signal comes.
func TestShutdown_endsInTimeThoughPostgresHangs(t *testing.T) {
	for _, store := range []string{"embedded", "postgres"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			server := testdb.NewServer(t)
			dsn := server.DSN()
			require.NoError(t, app.SchemaUp(t.Context(), app.Config{EventStoreURL: dsn, DatabaseURL: dsn}))
			r := run(t, map[string]string{"embedded": app.Embedded, "postgres": dsn}[store], dsn)
			<-r.ready
			resume := server.Suspend(t)
			for _, path := range []string{"/non-associations/A0135GA", "/health", "/health/readiness"} {
				r.abandon(t, path)
			}
			r.stop()
			select {
			case err := <-r.ended:
				require.NoError(t, err)
			case <-time.After(10 * time.Second):
				require.Fail(t, "it hangs with Postgres")
			}
			resume()
		})
	}
}

// abandon asks and does not wait for the answer.
func (r *service) abandon(t *testing.T, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	response, err := r.client.Do(r.request(t, http.MethodGet, path, http.NoBody).WithContext(ctx))
	if err == nil {
		require.NoError(t, response.Body.Close())
	}
}
