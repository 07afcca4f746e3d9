package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/testdb"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/store"
	"nonassociations/web/api"
)

const migrates = "OPERATOR:PRISONER_FROM_NOMIS__MIGRATION__RW:write"

// nomisTables is a database with the tables of migrations.
var nomisTables = testdb.NewTemplate(store.Migrate)

// migrationServer is a test server over real runs, without anybody who carries them out.
type migrationServer struct {
	*testServer

	runs  *migration.Runs
	store *store.Store
	now   time.Time
}

func newMigrationServer(t *testing.T) *migrationServer {
	t.Helper()
	dsn := nomisTables.New(t)
	kept, err := store.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(kept.Close)
	s := &migrationServer{store: kept, now: noon}
	s.runs = &migration.Runs{Store: kept, Clock: func() time.Time { return s.now }}
	s.testServer = newTestServer(t, func(o *api.Options) { o.Migrations = s.runs })
	return s
}

// asks calls, expects a status, and returns the body.
func (s *migrationServer) asks(method, path, body string, status int) string {
	s.t.Helper()
	w := s.call(method, path, migrates, body)
	require.Equal(s.t, status, w.Code, "%s %s: %s", method, path, w.Body)
	return w.Body.String()
}

// starts requests a migration and returns its id.
func (s *migrationServer) starts(body string) string {
	s.t.Helper()
	var started struct {
		MigrationID string `json:"migrationId"`
	}
	require.NoError(s.t, json.Unmarshal([]byte(s.asks(http.MethodPost, "/migrate/non-associations", body, 202)), &started))
	return started.MigrationID
}

// ends carries a run out: its pairs get outcomes by turns.
func (s *migrationServer) ends(id string, pairs ...store.MigrationPair) {
	s.t.Helper()
	run := uuid.MustParse(id)
	for _, pair := range pairs {
		_, err := s.store.AddMigrationPairs(s.t.Context(), run, []store.ListedPair{pair.Pair})
		require.NoError(s.t, err)
		require.NoError(s.t, s.store.SettlePair(s.t.Context(), run, pair))
	}
	total := len(pairs)
	_, err := s.store.Progress(s.t.Context(), run, store.MigrationProgress{Estimated: &total, Sweeps: 2, Requests: 42, Listed: true})
	require.NoError(s.t, err)
	require.NoError(s.t, s.store.EndMigration(s.t.Context(), run, s.now.Add(time.Hour)))
}

func TestMigration_isStartedSeenAndCancelled(t *testing.T) {
	s := newMigrationServer(t)
	s.asks(http.MethodGet, "/migrate/history/active/NON_ASSOCIATIONS", "", 404)
	require.Equal(t, "[]", s.asks(http.MethodGet, "/migrate/history/all/NON_ASSOCIATIONS", "", 200))
	id := s.starts(`{"pairs":[["A9109UD","a0135ga"]],"dryRun":true}`)
	run := `{"migrationId":"` + id + `","label":"2026-07-15T12:00:00","migrationType":"NON_ASSOCIATIONS","status":"STARTED","dryRun":true,
		"whenStarted":"2026-07-15T12:00:00","whenEnded":null,"estimatedRecordCount":1,"recordsMigrated":0,"recordsFailed":0,
		"filter":"{\"pairs\":[[\"A9109UD\",\"A0135GA\"]]}",
		"pairs":{"total":0,"created":0,"amended":0,"unchanged":0,"ignored":0,"failed":0,"unreadable":0},
		"items":{"created":0,"amended":0,"unchanged":0,"ignored":0},"sweeps":0,"requests":0}`
	require.JSONEq(t, run, s.asks(http.MethodGet, "/migrate/history/"+id, "", 200))
	require.JSONEq(t, run, s.asks(http.MethodGet, "/migrate/history/active/NON_ASSOCIATIONS", "", 200))
	require.Contains(t, s.asks(http.MethodPost, "/migrate/non-associations", `{}`, 409), "at work")
	require.Empty(t, s.asks(http.MethodPost, "/migrate/cancel/"+id, "", 202))
	requested := strings.Replace(run, "STARTED", "CANCELLED_REQUESTED", 1)
	require.JSONEq(t, requested, s.asks(http.MethodGet, "/migrate/history/active/NON_ASSOCIATIONS", "", 200))
	s.asks(http.MethodPost, "/migrate/non-associations", `{}`, 409)

	s.ends(id)
	ended := s.asks(http.MethodGet, "/migrate/history/"+id, "", 200)
	require.Contains(t, ended, `"whenEnded":"2026-07-15T13:00:00"`)
	s.asks(http.MethodPost, "/migrate/cancel/"+id, "", 202)
	require.Equal(t, ended, s.asks(http.MethodGet, "/migrate/history/"+id, "", 200))
	got, err := s.runs.Get(t.Context(), uuid.MustParse(id))
	require.NoError(t, err)
	require.Equal(t, "OPERATOR", got.RequestedBy)
}

func TestMigrations_areListedByTheirStartTheNewestFirst(t *testing.T) {
	s := newMigrationServer(t)
	var ids []string
	for i, after := range []time.Duration{0, time.Hour, 2 * time.Hour} {
		s.now = noon.Add(after + 500*time.Millisecond)
		ids = append(ids, s.starts(`{}`))
		s.ends(ids[i])
	}
	for query, expected := range map[string][]string{
		"":                                  {ids[2], ids[1], ids[0]},
		"?fromDateTime=2026-07-15T12:00:01": {ids[2], ids[1]},
		"?toDateTime=2026-07-15T13:00:00":   {ids[1], ids[0]},
		"?fromDateTime=2026-07-15T13:00:00&toDateTime=2026-07-15T13:00:00": {ids[1]},
		"?fromDateTime=2026-07-15T15:00:00&toDateTime=2026-07-15T12:00:00": nil,
	} {
		var listed []struct {
			MigrationID string `json:"migrationId"`
		}
		require.NoError(t, json.Unmarshal([]byte(s.asks(http.MethodGet, "/migrate/history/all/NON_ASSOCIATIONS"+query, "", 200)), &listed))
		var found []string
		for _, one := range listed {
			found = append(found, one.MigrationID)
		}
		require.Equal(t, expected, found, query)
	}
}

func TestFailures_arePagedByCause(t *testing.T) {
	s := newMigrationServer(t)
	id := s.starts(`{"sample":{"size":5,"seed":1e1}}`)
	lost := func(one string, outcome store.PairOutcome, cause string) store.MigrationPair {
		return store.MigrationPair{Pair: store.ListedPair{one, "B0001BB"}, Outcome: outcome, Cause: cause, Why: "Why " + one + "."}
	}
	s.ends(id, lost("A0002AA", store.PairFailed, migration.NotHoldable), lost("A0001AA", store.PairFailed, migration.NotHoldable),
		lost("A0003AA", store.PairUnreadable, migration.NotFound),
		store.MigrationPair{Pair: store.ListedPair{"A0004AA", "B0001BB"}, Outcome: store.PairIgnored, Items: store.ItemCounts{Ignored: 2, Unchanged: 1}})
	run := s.asks(http.MethodGet, "/migrate/history/"+id, "", 200)
	require.Contains(t, run, `"recordsMigrated":1,"recordsFailed":3,"filter":"{\"sample\":{\"size\":5,\"seed\":10}}"`)
	require.Contains(t, run, `"items":{"created":0,"amended":0,"unchanged":1,"ignored":2},"sweeps":2,"requests":42}`)
	page := s.asks(http.MethodGet, "/migrate/history/"+id+"/failures?cause=NOT_HOLDABLE&page=1&size=1", "", 200)
	require.JSONEq(t, `{"content":[{"pair":["A0002AA","B0001BB"],"outcome":"failed","cause":"NOT_HOLDABLE","why":"Why A0002AA."}],
		"pageable":{"pageNumber":1,"pageSize":1,"sort":{"empty":false,"sorted":true,"unsorted":false},"offset":1,"paged":true,"unpaged":false},
		"last":true,"totalPages":2,"totalElements":2,"size":1,"number":1,"sort":{"empty":false,"sorted":true,"unsorted":false},"first":false,
		"numberOfElements":1,"empty":false}`, page)
	all := s.asks(http.MethodGet, "/migrate/history/"+id+"/failures", "", 200)
	require.Contains(t, all, `"totalElements":3`)
	require.Less(t, strings.Index(all, "A0001AA"), strings.Index(all, "A0002AA"))
	s.asks(http.MethodGet, "/migrate/history/"+anID+"/failures", "", 404)
}

func TestMigration_refusesWhatIsMalformed(t *testing.T) {
	s := newMigrationServer(t)
	for body, source := range map[string]string{
		`[]`: "", `{"prisonerNumbers":[]}`: "/prisonerNumbers", `{"prisonerNumbers":"A9109UD"}`: "/prisonerNumbers",
		`{"prisonerNumbers":["A9109U"]}`: "/prisonerNumbers/0", `{"prisonerNumbers":[null]}`: "/prisonerNumbers/0",
		`{"pairs":[]}`: "/pairs", `{"pairs":[["A9109UD"]]}`: "/pairs/0", `{"pairs":[["A9109UD","A9109UD"]]}`: "/pairs/0",
		`{"pairs":[["A9109UD","A0135G"]]}`: "/pairs/0/1", `{"pairs":["A9109UD"]}`: "/pairs/0", `{"pairs":[null]}`: "/pairs/0",
		`{"failedOf":"1"}`: "/failedOf", `{"failedOf":"` + anID + `"}`: "/failedOf", `{"failedOf":7}`: "/failedOf",
		`{"sample":{}}`: "/sample/size", `{"sample":{"size":0,"seed":1}}`: "/sample/size", `{"sample":{"size":1,"seed":-1}}`: "/sample/seed",
		`{"sample":{"size":1.5,"seed":1}}`: "/sample/size", `{"sample":7}`: "/sample", `{"dryRun":"yes"}`: "/dryRun",
		`{"sample":{"size":1,"seed":1},"pairs":[["A9109UD","A0135GA"]]}`: "/pairs",
	} {
		w := s.call(http.MethodPost, "/migrate/non-associations", migrates, body)
		require.Equal(t, http.StatusBadRequest, w.Code, body)
		require.Equal(t, 102, errorIn(t, w).code())
		require.Equal(t, source, errorIn(t, w).sources()[0], body)
	}
	require.Equal(t, http.StatusUnsupportedMediaType, s.call(http.MethodPost, "/migrate/non-associations", migrates, "", "Content-Type", "text/plain").Code)
	for path, source := range map[string]string{
		"/migrate/history/1": "id", "/migrate/history/1/failures": "id", "/migrate/history/" + anID + "/failures?cause=x": "cause",
		"/migrate/history/" + anID + "/failures?page=-1": "page", "/migrate/history/" + anID + "/failures?size=201": "size",
		"/migrate/history/all/NON_ASSOCIATIONS?fromDateTime=2026-07-15": "fromDateTime",
	} {
		w := s.call(http.MethodGet, path, migrates, "")
		require.Equal(t, http.StatusBadRequest, w.Code, path)
		require.Equal(t, source, errorIn(t, w).sources()[0], path)
	}
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodPost, "/migrate/cancel/1", migrates, "").Code)
	s.asks(http.MethodPost, "/migrate/cancel/"+anID, "", 404)
	s.asks(http.MethodGet, "/migrate/history/"+anID, "", 404)
	s.asks(http.MethodGet, "/migrate/history/active/NON_ASSOCIATIONS", "", 404)
	w, _ := s.answer(http.MethodGet, "/migrate/history/all/VISITS", migrates, "")
	require.Equal(t, http.StatusNotFound, w.Code)
}

func TestMigration_changesNeedTheScope(t *testing.T) {
	s := newMigrationServer(t)
	for _, g := range guarded {
		if strings.HasPrefix(g.path, "/migrate/") {
			w := s.call(g.method, g.path, "OPERATOR:NON_ASSOCIATIONS_ADMIN:read", g.body)
			require.Equal(t, g.method == http.MethodPost, w.Code == http.StatusForbidden, g.path)
		}
	}
	_, err := s.runs.Active(t.Context())
	require.ErrorIs(t, err, migration.ErrNoRun)
}

func TestMigration_inAProcessWithoutNOMISSaysSo(t *testing.T) {
	s := newTestServer(t)
	for _, g := range guarded {
		if strings.HasPrefix(g.path, "/migrate/") {
			w := s.call(g.method, g.path, migrates, g.body)
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Contains(t, w.Body.String(), "NOMIS_API_URL")
		}
	}
}

// brokenMigrations stand for a Postgres that does not answer.
type brokenMigrations struct{ api.Migrations }

func (brokenMigrations) Active(context.Context) (migration.Run, error) {
	return migration.Run{}, errors.New("connection refused to a secret place")
}

func (brokenMigrations) Start(context.Context, migration.Order) (migration.Run, error) {
	return migration.Run{}, errors.New("connection refused to a secret place")
}

func TestMigration_saysWhenPostgresDoesNotAnswer(t *testing.T) {
	s := newTestServer(t, func(o *api.Options) { o.Migrations = brokenMigrations{} })
	for path, method := range map[string]string{"/migrate/history/active/NON_ASSOCIATIONS": http.MethodGet, "/migrate/non-associations": http.MethodPost} {
		w := s.call(method, path, migrates, map[string]string{http.MethodPost: `{}`}[method])
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.NotContains(t, w.Body.String(), "secret")
		require.Equal(t, "1", w.Header().Get("Retry-After"))
	}
}

func TestCauses_ofTheDocumentAreThoseOfMigrations(t *testing.T) {
	schema, _ := openContract(t).at(t, "components", "schemas", "MigrationCause")
	var documented []string
	for _, word := range schema["enum"].([]any) {
		documented = append(documented, word.(string))
	}
	require.Equal(t, migration.Causes(), documented)
}
