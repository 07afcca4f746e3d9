package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/token"
)

// logTable is what is done to the log's table while a process runs, as the
// owner of everything could.
type logTable struct {
	t    *testing.T
	conn *pgx.Conn
}

func (u logTable) exec(statements ...string) {
	u.t.Helper()
	for _, statement := range statements {
		_, err := u.conn.Exec(u.t.Context(), statement)
		require.NoError(u.t, err)
	}
}

// change does something that the log's triggers refuse.
func (u logTable) change(statements ...string) {
	u.exec(`BEGIN`, `ALTER TABLE eventstore.events DISABLE TRIGGER append_only`)
	u.exec(statements...)
	u.exec(`ALTER TABLE eventstore.events ENABLE ALWAYS TRIGGER append_only`, `COMMIT`)
}

const (
	storeID = `convert_from(data, 'UTF8')::json ->> 'storeId'`
	renamed = `INSERT INTO eventstore.events SELECT position, stream, revision, gen_random_uuid(), type,
		CASE WHEN stream = 'app-meta' THEN convert_to(json_build_object('storeId', gen_random_uuid())::text, 'UTF8') ELSE data END,
		metadata, recorded_at FROM kept`
	grown = `INSERT INTO eventstore.events SELECT position, stream, revision, gen_random_uuid(), type, data, metadata, recorded_at
		FROM kept WHERE position > 2`
)

// TestLog_thatIsReplacedUnderAProcessIsNeitherReadNorWritten: by the API, which says
// so in words with both ids, and is well again with the right log.
func TestLog_thatIsReplacedUnderAProcessIsNeitherReadNorWritten(t *testing.T) {
	for name, replace := range map[string][]string{
		"blank":              {`DELETE FROM eventstore.events`},
		"another log":        {`DELETE FROM eventstore.events`, renamed},
		"put back":           {`DELETE FROM eventstore.events WHERE position > 2`},
		"put back and grown": {`DELETE FROM eventstore.events WHERE position > 2`, grown},
	} {
		for _, store := range []string{"embedded", "postgres"} {
			t.Run(name+"/"+store, func(t *testing.T) {
				t.Parallel()
				dsn := migrated(t)
				r := runWith(t, map[string]string{"embedded": app.Embedded, "postgres": dsn}[store], dsn, "",
					token.Request{User: "NOMIS", Roles: []string{"NON_ASSOCIATIONS_SYNC", "READ_NON_ASSOCIATIONS"}})
				<-r.ready
				for _, other := range []string{"A0135GA", "A0136GA", "A0137GA"} {
					require.Equal(t, http.StatusOK, r.syncStatus(t, other))
				}
				conn, err := pgx.Connect(t.Context(), dsn)
				require.NoError(t, err)
				defer conn.Close(t.Context())
				var id string
				require.NoError(t, conn.QueryRow(t.Context(), `SELECT `+storeID+` FROM eventstore.events WHERE stream = 'app-meta'`).Scan(&id))

				// What is read has come by the subscription, with its id.
				require.Eventually(t, func() bool {
					_, list := r.get(t, "/non-associations/A9109UD")
					return strings.Contains(list, "A0137GA")
				}, time.Minute, 20*time.Millisecond)
				u := logTable{t, conn}
				u.exec(`CREATE TABLE kept AS TABLE eventstore.events`)
				u.change(replace...)
				r.refusesAll(t, id)
				u.change(`DELETE FROM eventstore.events`, `INSERT INTO eventstore.events TABLE kept`)
				health := ""
				if !assert.Eventually(t, func() bool {
					status, text := r.get(t, "/health")
					health = text
					return status == http.StatusOK
				}, time.Minute, 20*time.Millisecond) {
					require.FailNow(t, "never well again", health)
				}
				require.Equal(t, http.StatusOK, r.syncStatus(t, "A0138GA"))
				r.stop()
				require.NoError(t, <-r.ended)
			})
		}
	}
}

// syncStatus is the answer to a sync of a pair of A9109UD.
func (r *service) syncStatus(t *testing.T, other string) int {
	t.Helper()
	status, _ := r.answer(r.request(t, http.MethodPost, "/sync", strings.NewReader(strings.ReplaceAll(syncBody, "A0135GA", other))))
	return status
}

func (r *service) refusesAll(t *testing.T, id string) {
	t.Helper()
	require.Eventually(t, func() bool {
		status, text := r.get(t, "/non-associations/A9109UD")
		return status == http.StatusServiceUnavailable && strings.Contains(text, id)
	}, time.Minute, 20*time.Millisecond)
	reading := []string{
		"/non-associations/A9109UD", "/history?from=0", "/non-associations/A9109UD/history",
		"/non-associations/" + uuid.NewString(),
	}
	for _, path := range reading {
		status, text := r.get(t, path)
		require.Equal(t, http.StatusServiceUnavailable, status, path)
		require.Contains(t, text, id, path)
	}
	status, text := r.answer(r.request(t, http.MethodPost, "/sync", strings.NewReader(syncBody)))
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, text, id)
	status, _ = r.get(t, "/health/readiness")
	require.Equal(t, http.StatusOK, status, "another process would not do better")
}
