package app_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/nomis"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
)

// tablesOfNOMIS are those of a database.
func tablesOfNOMIS(t *testing.T, dsn string) *store.Store {
	t.Helper()
	tables, err := store.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(tables.Close)
	return tables
}

// turnsBecome waits until health shows the turns with a status and a category of fault,
// "" for none. Readiness and liveness stay.
func (s observedService) turnsBecome(t *testing.T, want, category string) {
	t.Helper()
	require.Eventually(t, func() bool {
		code, text := s.get(t, "/health")
		var body struct{ Components map[string]component }
		require.NoError(t, json.Unmarshal([]byte(text), &body), text)
		turns := body.Components[nomis.TurnsConsumer]
		found := ""
		if turns.Fault != nil {
			found = turns.Fault.Category
		}
		return turns.Status == want && found == category && (want == "UP" || code == http.StatusServiceUnavailable)
	}, time.Minute, 50*time.Millisecond, "%s %s", want, category)
	for _, probe := range []string{"/health/readiness", "/health/liveness"} {
		code, text := s.get(t, probe)
		require.Equal(t, http.StatusOK, code, text)
	}
}

// takesTurns is a process with all that is about NOMIS, and a pair that is due.
func takesTurns(t *testing.T, dsn, nomisURL string, more map[string]string, change ...func(*app.Options)) observedService {
	t.Helper()
	merges := unique("merges")
	aws.Redrive(merges, unique("dead"), 3)
	environment := map[string]string{"PRISONER_EVENTS_QUEUE_URL": aws.Queue(merges), "NOMIS_API_URL": nomisURL}
	maps.Copy(environment, more)
	s := runRoles(t, dsn, app.Roles{Serve: true, Project: true, Listen: true, Work: true}, app.HealthLimits{}, environment, change...)
	<-s.ready
	return s
}

// rings rings for a pair, which has nothing on either side.
func rings(t *testing.T, tables *store.Store) {
	t.Helper()
	require.NoError(t, tables.Ring(t.Context(), london(), store.Ring{
		Pair: domaintest.Pair, Cause: store.Cause{Kind: store.OurEvent, ID: uuid.NewString()},
	}))
}

func TestHealth_saysThatNOMISDeniesAccess(t *testing.T) {
	t.Parallel()
	var lets atomic.Bool
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case !lets.Load():
			w.WriteHeader(http.StatusForbidden)
		case strings.HasSuffix(r.URL.Path, "/all"):
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"status":404,"userMessage":"Non-association not found"}`))
		default:
			_, _ = w.Write([]byte(`[{"moduleName":"OIDONONA","prisonId":"LEI"}]`))
		}
	}))
	t.Cleanup(there.Close)
	dsn := migrated(t)
	tables := tablesOfNOMIS(t, dsn)
	s := takesTurns(t, dsn, there.URL, nil)
	s.turnsBecome(t, "UP", "")
	rings(t, tables)
	s.turnsBecome(t, "DOWN", string(status.NOMISDenied))
	other := runRoles(t, dsn, app.Roles{Serve: true}, app.HealthLimits{}, map[string]string{"NOMIS_API_URL": there.URL})
	<-other.ready
	other.turnsBecome(t, "DOWN", string(status.NOMISDenied))
	require.Contains(t, s.scrape(t), "\nnonassociations_nomis_turns_total{outcome=\"stopped\"} 1\n")
	require.Contains(t, s.scrape(t), "\nnonassociations_nomis_due_pairs 1\n", "the pair is not to blame")
	lets.Store(true)
	s.turnsBecome(t, "UP", "")
	other.turnsBecome(t, "UP", "")
}

func TestHealth_saysThatNOMISDoesNotAnswer(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	tables := tablesOfNOMIS(t, dsn)
	s := takesTurns(t, dsn, "http://127.0.0.1:1", nil)
	require.Contains(t, s.scrape(t), "\nnonassociations_nomis_available 1\n")
	rings(t, tables)
	require.Eventually(t, func() bool { // the circuit opens after some calls
		rings(t, tables)
		return strings.Contains(s.scrape(t), "\nnonassociations_nomis_available 0\n")
	}, time.Minute, 50*time.Millisecond)
	s.turnsBecome(t, "DOWN", string(status.Away))
	exported := s.scrape(t)
	require.NotContains(t, exported, `nomis_requests_total{cause="turn"} 0`)
	require.Contains(t, exported, `nonassociations_nomis_requests_total{cause="migration"} 0`)
	require.NotContains(t, exported, `nonassociations_nomis_turns_total{outcome="failed"} 0`)
	for _, cause := range npa.Causes() {
		require.Contains(t, exported, `nonassociations_nomis_requests_total{cause="`+string(cause)+`"}`)
	}
}

// The process that found out may be dead: whoever serves reads the row of the brake.
func TestBrake_isDownInEveryServingProcessUntilItIsReleased(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	tables := tablesOfNOMIS(t, dsn)
	require.NoError(t, tables.SetBrake(t.Context(), london(), "NOMIS looks restored."))
	serving := runRoles(t, dsn, app.Roles{Serve: true, Project: true}, app.HealthLimits{}, nil)
	<-serving.ready
	turning := takesTurns(t, dsn, "http://127.0.0.1:1", nil) // started after it
	for _, s := range []observedService{serving, turning} {
		s.turnsBecome(t, "DOWN", string(status.NOMISRestored))
		require.Contains(t, s.scrape(t), "\nnonassociations_nomis_brake_on 1\n")
		require.Contains(t, s.scrape(t), `nonassociations_consumer_fault{category="NOMIS_RESTORED",consumer="nomisTurns"} 1`)
	}
	_, text := serving.get(t, "/health")
	require.NotContains(t, text, "looks restored", "no text, only its word")
	require.NoError(t, tables.ReleaseBrake(t.Context(), store.Release{At: london(), From: store.FromNOMIS, Reason: "Checked", By: "OPERATOR"}))
	turning.turnsBecome(t, "UP", "")
	serving.becomes(t, "UP")
	require.Contains(t, serving.scrape(t), "\nnonassociations_nomis_brake_on 0\n")
}

func TestMetrics_ofNOMISAreWhatTheTablesHold(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	tables := tablesOfNOMIS(t, dsn)
	later := london().Add(time.Hour)
	require.NoError(t, tables.Ring(t.Context(), london().Add(-time.Minute), store.Ring{Pair: domaintest.Pair, Cause: store.Cause{Kind: store.Swept}}))
	require.NoError(t, tables.Record(t.Context(), domaintest.Pair, later, "2026-07-15", uuid.Nil,
		store.Finding{TypeSequence: 1, Bucket: store.OnlyThere, Why: "x", Cause: "UNKNOWN"}, store.Finding{TypeSequence: 2, Bucket: store.OnlyThere, Why: "x", Cause: "UNKNOWN"}))
	s := runRoles(t, dsn, app.Roles{Serve: true, Project: true}, app.HealthLimits{}, nil)
	<-s.ready
	exported := s.scrape(t)
	require.Contains(t, exported, "\nnonassociations_nomis_due_pairs 1\n")
	require.Regexp(t, `\nnonassociations_nomis_due_oldest_age_seconds [6-9]\d\.`, exported)
	require.Contains(t, exported, `nonassociations_nomis_open_differences{bucket="onlyThere"} 2`)
	require.Contains(t, exported, `nonassociations_nomis_open_differences{bucket="differs"} 0`)
	for _, unknown := range []string{"nomis_available", "nomis_turns_total", "nomis_requests_total", "nomis_pending_oldest", "nomis_run_", "switch_over_screen_open", "queue_"} {
		require.NotContains(t, exported, "nonassociations_"+unknown, "nobody here knows it")
	}

	_, err := connectTo(t, dsn).Exec(t.Context(), `ALTER TABLE nomis.difference RENAME TO away`)
	require.NoError(t, err)
	exported = s.scrape(t)
	require.NotContains(t, exported, "nonassociations_nomis_open_differences", "no number is better than a wrong one")
	require.Contains(t, exported, "\nnonassociations_nomis_due_pairs 1\n")
}

func TestMetrics_ofQueuesSayWhatWaitsInThem(t *testing.T) {
	t.Parallel()
	events, dead := unique("nomis-events"), unique("dead")
	aws.Redrive(events, dead, 3)
	bare := unique("domain-events")
	aws.Send(dead, "poison")
	aws.Send(dead, "poison")
	aws.Send(bare, "news")
	s := runRoles(t, migrated(t), app.Roles{Serve: true, Project: true}, app.HealthLimits{}, map[string]string{
		"NOMIS_EVENTS_QUEUE_URL": aws.Queue(events), "DOMAIN_EVENTS_QUEUE_URL": aws.Queue(bare),
	})
	<-s.ready
	exported := s.scrape(t)
	require.Contains(t, exported, `nonassociations_queue_dead_letters{queue="nomisEvents"} 2`)
	require.Contains(t, exported, `nonassociations_queue_messages{queue="nomisEvents"} 0`)
	require.Contains(t, exported, `nonassociations_queue_messages{queue="domainEvents"} 1`)
	require.NotContains(t, exported, `nonassociations_queue_dead_letters{queue="domainEvents"}`, "it has none")
	require.NotContains(t, exported, `queue="prisonerEvents"`, "its variable is not set")
	aws.Send(dead, "poison")
	require.Contains(t, s.scrape(t), `nonassociations_queue_dead_letters{queue="nomisEvents"} 2`, "the answer is kept for a while")
}

// knowing are hooks that know something, but for one.
var knowing = app.NOMISHooks{
	OldestPending: func(context.Context) (time.Time, bool) { return london().Add(-time.Hour), true },
	Migration: func(context.Context) (app.RunProgress, bool) {
		return app.RunProgress{Active: true, Done: 3, Total: 8}, true
	},
	Reconciliation: func(context.Context) (app.RunProgress, bool) { return app.RunProgress{}, false },
	OpenScreens: func(context.Context) (map[string]bool, bool) {
		return map[string]bool{"LEI": true, "MDI": false}, true
	},
}

// scrapeHooks is what a process with hooks exports.
func scrapeHooks(t *testing.T, hooks app.NOMISHooks) string {
	t.Helper()
	s := runRoles(t, migrated(t), app.Roles{Serve: true, Project: true}, app.HealthLimits{}, nil, func(o *app.Options) { o.Hooks = hooks })
	<-s.ready
	return s.scrape(t)
}

func TestHooks_tellTheMetricsWhatTheyKnow(t *testing.T) {
	t.Parallel()
	known := knowing
	exported := scrapeHooks(t, known)
	require.Regexp(t, `\nnonassociations_nomis_pending_oldest_age_seconds 36\d\d`, exported)
	for _, line := range []string{
		`nonassociations_nomis_run_active{run="migration"} 1`, `nonassociations_nomis_run_pairs{run="migration",state="done"} 3`,
		`nonassociations_nomis_run_pairs{run="migration",state="total"} 8`,
		`nonassociations_switch_over_screen_open{prison="LEI"} 1`, `nonassociations_switch_over_screen_open{prison="MDI"} 0`,
	} {
		require.Contains(t, exported, "\n"+line+"\n")
	}
	require.NotContains(t, exported, `run="reconciliation"`, "it does not know")
	known.OldestPending = func(context.Context) (time.Time, bool) { return time.Time{}, true }
	require.Contains(t, scrapeHooks(t, known), "\nnonassociations_nomis_pending_oldest_age_seconds 0\n")
}
