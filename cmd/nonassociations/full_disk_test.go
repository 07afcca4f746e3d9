package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/testdb"
)

// fills lets Postgres answer each insert into a table, or the commit of it, as it does when
// its disk is full. The function that it returns gives room again.
func fills(t *testing.T, conn *pgx.Conn, table, when string) (empty func()) {
	t.Helper()
	run := func(sql string) {
		t.Helper()
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	run(`CREATE OR REPLACE FUNCTION public.disk_full() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`)
	if when == "commit" {
		run(`CREATE CONSTRAINT TRIGGER disk_full AFTER INSERT ON ` + table + ` DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.disk_full()`)
	} else {
		run(`CREATE TRIGGER disk_full BEFORE INSERT ON ` + table + ` FOR EACH ROW EXECUTE FUNCTION public.disk_full()`)
	}
	return func() { run(`DROP TRIGGER disk_full ON ` + table) }
}

// posts tells of a pair as NOMIS does, and returns the answer.
func (r *restoring) posts(t *testing.T, address, number string) (status int, answer string) {
	t.Helper()
	body := fmt.Sprintf(`{"prisonerNumber": %q, "nonAssociations": [{"reasonCode": "VIC", "typeCode": "WING", "effectiveDate": "2021-07-05T10:35:17",
		"prisonerNonAssociation": {"prisonerNumber": "Z9999ZZ", "reasonCode": "PER"}}]}`, number)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/sync", strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+r.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

// TestDisk_thatIsFullLosesNothing fills the disk of the log and that of the read model. Writes
// are refused in words, what was acknowledged stays, and all goes on when there is room.
func TestDisk_thatIsFullLosesNothing(t *testing.T) {
	dsn := testdb.New(t)
	r := newRestoring(t, dsn)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	r.tells(t, 0, 1)
	serve := r.serves(t)
	for n, when := range []string{"insert", "commit"} {
		number := fmt.Sprintf("A%04dAB", n)
		empty := fills(t, conn, "eventstore.events", when)
		status, answer := r.posts(t, serve.health, number)
		require.Equal(t, http.StatusServiceUnavailable, status, answer)
		require.Contains(t, answer, "Repeating the request is safe.")
		require.NotContains(t, answer, "space")
		empty()
		status, answer = r.posts(t, serve.health, number)
		require.Equal(t, http.StatusOK, status, answer)

		serve.until(t, isWell)
		empty = fills(t, conn, "read_1.fact_index", when)
		acknowledged := fmt.Sprintf("A%04dAC", n)
		status, answer = r.posts(t, serve.health, acknowledged)
		require.Equal(t, http.StatusOK, status, answer)
		serve.until(t, hasFault("AWAY"))
		empty()
		serve.until(t, isWell)
		for _, there := range []string{number, acknowledged} {
			status, answer = r.asks(t, "http://"+serve.health+"/non-associations/"+there)
			require.Equal(t, http.StatusOK, status, answer)
			require.Contains(t, answer, "Z9999ZZ")
		}
	}
	require.Len(t, r.recorded(t), 5, "nothing is recorded twice")
}
