package main

import (
	"context"
	"encoding/base64"
	"fmt"
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

	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/alerts"
	"nonassociations/internal/dev/freeport"
)

var alertsDir = filepath.Join("..", "..", "deploy", "alerts")

const (
	heartbeat = `nonassociations_consumer_heartbeat_timestamp_seconds{consumer="readModel"}`
	position  = `nonassociations_consumer_position{consumer="readModel"}`
	headOfLog = `nonassociations_consumer_head_position{consumer="readModel"}`
	lag       = `nonassociations_consumer_lag_seconds{consumer="readModel"}`
)

// exporting is a process of one role, with metrics.
type exporting struct {
	*exec.Cmd

	address, health string
}

// deployment is a log and tables for processes that publish nothing. Several may
// run side by side: the environment of this process does not name them.
type deployment struct {
	*outside

	dsn string
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	dsn, _, _ := newRecord(t)
	log, err := postgres.Open(t.Context(), dsn, postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = log.Close(context.Background()) })
	return &deployment{&outside{log: log}, dsn}
}

func (d *deployment) exporting(t *testing.T, role string, more ...string) exporting {
	t.Helper()
	return startExporting(t, role, append([]string{"DATABASE_URL=" + d.dsn, "EVENTSTORE_URL=" + d.dsn, asProgram + "=yes"}, more...)...)
}

func startExporting(t *testing.T, role string, more ...string) exporting {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	e := exporting{exec.Command(self, strings.Fields(role)...), freeport.Address(t), freeport.Address(t)}
	e.Env = append(append(os.Environ(), "METRICS_ADDR="+e.address, "LISTEN_ADDR="+e.health, "SCREENS_ADDR="+e.health,
		"AUTH_ISSUER=x", "AUTH_JWKS_URL=http://127.0.0.1:1/", "AUTH_AUDIENCE=x"), more...)
	said := &strings.Builder{}
	e.Stderr = said
	require.NoError(t, e.Start())
	t.Cleanup(func() {
		end(e.Cmd)
		if t.Failed() {
			t.Log(role, said)
		}
	})
	return e
}

// impatient gives up a scrape sooner than Prometheus does, after 10 s.
var impatient = http.Client{Timeout: 4 * time.Second}

// until scrapes until what was scraped is as it must be.
func (e exporting) until(t *testing.T, right func(alerts.Scrape) bool) alerts.Scrape {
	t.Helper()
	var last alerts.Scrape
	require.Eventually(t, func() bool {
		scrape, err := alerts.Get(t.Context(), &impatient, e.address)
		if err != nil {
			return false
		}
		last = scrape
		return right(scrape)
	}, patience, poll, "the metrics at %s never became right", e.address)
	return last
}

func isWell(s alerts.Scrape) bool {
	at, applied := s.Values[position]
	return applied && at == s.Values[headOfLog] && age(s) < time.Second
}

func age(s alerts.Scrape) time.Duration {
	beat, there := s.Values[heartbeat]
	if !there {
		return 0
	}
	return s.At.Sub(time.UnixMilli(int64(beat * 1000)))
}

// hasOneProcessor reports whether a process that does little keeps one processor.
func hasOneProcessor(s alerts.Scrape) bool { return s.Values["go_sched_gomaxprocs_threads"] == 1 }

func isOld(s alerts.Scrape) bool { return age(s) > 3*time.Second }

// well is a phase in which the heartbeat ticks and all is applied.
func (e exporting) well(t *testing.T) alerts.Phase {
	t.Helper()
	first := e.until(t, isWell)
	return alerts.Phase{First: first, Second: e.until(t, func(s alerts.Scrape) bool {
		return isWell(s) && s.Values[heartbeat] > first.Values[heartbeat]
	})}
}

// later is a phase that begins when something is so, and lasts a second.
func (e exporting) later(t *testing.T, is func(alerts.Scrape) bool) alerts.Phase {
	t.Helper()
	first := e.until(t, is)
	return alerts.Phase{First: first, Second: e.until(t, func(s alerts.Scrape) bool {
		return is(s) && s.At.Sub(first.At) > time.Second
	})}
}

func hasFault(category string) func(alerts.Scrape) bool {
	return func(s alerts.Scrape) bool {
		return s.Values[fmt.Sprintf(`nonassociations_consumer_fault{category=%q,consumer="readModel"}`, category)] == 1
	}
}

// unanswered are metrics of which nothing is known here: no NOMIS answers.
var unanswered = []string{"nonassociations_switch_over_screen_open"}

func TestMetric_ofAnAlertIsExported(t *testing.T) {
	o := newOutside(t)
	o.tell(t, o.handler(t), "A0001AA", "x")
	o.Redrive("nomis-events", "dead", 3)
	o.Redrive("merges", "dead", 3)
	nomis := []string{
		"NOMIS_API_URL=http://127.0.0.1:1", "NOMIS_EVENTS_QUEUE_URL=" + o.Queue("nomis-events"), "PRISONER_EVENTS_QUEUE_URL=" + o.Queue("merges"),
	}
	addCheck(t, os.Getenv("DATABASE_URL"), true)
	var scrapes []alerts.Scrape
	screens := []string{
		"SCREENS_CLIENT_ID=x", "SCREENS_SESSION_KEY=" + base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"PRISONER_SEARCH_URL=http://127.0.0.1:1", "AUDIT_QUEUE_URL=" + o.Queue("audit"),
	}
	for _, role := range []string{"project", "serve", "publish", "nomis listen", "nomis work", "screens", "evidence sign"} {
		e := startExporting(t, role, slices.Concat(nomis, screens, signing(t))...)
		scrapes = append(scrapes, e.until(t, func(s alerts.Scrape) bool {
			if _, err := alerts.Get(t.Context(), &impatient, e.health); err == nil { // an answer to count
				return false
			}
			return isWell(s) && hasOneProcessor(s) && (role != "serve" || s.Has("nonassociations_http_server_request_duration_seconds_count")) && (role != "nomis listen" || s.Has("nonassociations_nomis_available")) &&
				(role != "publish" || s.Has("nonassociations_publisher_parked_messages")) &&
				(role != "evidence sign" || s.Has("nonassociations_evidence_head_timestamp_seconds"))
		}))
		_, err := alerts.Get(t.Context(), &impatient, e.health)
		require.ErrorContains(t, err, "status ", "metrics of %s are at METRICS_ADDR alone", role)
	}
	rules, err := alerts.Load(alertsDir)
	require.NoError(t, err)
	for _, rule := range rules {
		require.NotEmpty(t, rule.Metrics(), rule.Name)
		for _, name := range rule.Metrics() {
			exported := slices.Contains(unanswered, name)
			for _, scrape := range scrapes {
				exported = exported || scrape.Has(name)
			}
			require.True(t, exported, "%s asks for %s, which no process exports", rule.Name, name)
		}
	}
}

// Each fault is made in real processes; promtool judges what they export.
func TestProjector_thatStopsIsAlerted(t *testing.T) {
	for name, stop := range map[string]func(*testing.T, *deployment) (fires bool, phases []alerts.Phase){
		"it goes on": func(t *testing.T, d *deployment) (bool, []alerts.Phase) {
			project := d.exporting(t, "project")
			well := project.well(t)
			d.tell(t, d.handler(t), "A0002AA", "y")
			return false, []alerts.Phase{well, project.well(t)}
		},
		"it is killed, and lists are answered as before": func(t *testing.T, d *deployment) (bool, []alerts.Phase) {
			project, serve := d.exporting(t, "project"), d.exporting(t, "serve")
			well := serve.well(t)
			end(project.Cmd)
			return true, []alerts.Phase{well, serve.later(t, isOld)}
		},
		"it is killed, and facts are written": func(t *testing.T, d *deployment) (bool, []alerts.Phase) {
			project, serve := d.exporting(t, "project"), d.exporting(t, "serve")
			well := serve.well(t)
			end(project.Cmd)
			d.tell(t, d.handler(t), "A0002AA", "y")
			behind := serve.later(t, func(s alerts.Scrape) bool { return s.Values[lag] > 0 })
			// The same without the heartbeat's help: a loop that goes round and applies nothing.
			for _, scrape := range []alerts.Scrape{behind.First, behind.Second} {
				scrape.Values[heartbeat] = float64(scrape.At.UnixMilli()) / 1000
			}
			return true, []alerts.Phase{well, behind}
		},
		"it is killed, and it was all there is": func(t *testing.T, d *deployment) (bool, []alerts.Phase) {
			project := d.exporting(t, "project")
			well := project.well(t)
			end(project.Cmd)
			return true, []alerts.Phase{well, {}}
		},
		"an event comes that its build does not know": func(t *testing.T, d *deployment) (bool, []alerts.Phase) {
			project, serve := d.exporting(t, "project"), d.exporting(t, "serve")
			well := serve.well(t)
			_, err := d.log.Append(t.Context(), eventstore.Append{
				Stream: "nonAssociation-A1111AA_C1111CC", Expected: eventstore.NoStream,
				Events: []eventstore.Event{{ID: uuid.New(), Type: "nonassociation.forgiven.v1", Data: []byte("{}"), Metadata: []byte("{}")}},
			})
			require.NoError(t, err)
			project.until(t, hasFault("UNKNOWN_TYPE"))
			return true, []alerts.Phase{well, serve.later(t, hasFault("UNKNOWN_TYPE"))}
		},
		"its loop waits for a lock": func(t *testing.T, d *deployment) (bool, []alerts.Phase) {
			project := d.exporting(t, "project")
			well := project.well(t)
			conn, err := pgx.Connect(t.Context(), d.dsn)
			require.NoError(t, err)
			defer conn.Close(t.Context())
			_, err = conn.Exec(t.Context(), `BEGIN; LOCK TABLE read_1.prisoner IN ACCESS EXCLUSIVE MODE`)
			require.NoError(t, err)
			d.tell(t, d.handler(t), "A0002AA", "y")
			return true, []alerts.Phase{well, project.later(t, isOld)}
		},
		"it never reaches the event store, and scrapes are answered": func(t *testing.T, d *deployment) (bool, []alerts.Phase) {
			project := d.exporting(t, "project", "EVENTSTORE_URL=esdb://127.0.0.1:1?tls=false")
			return true, []alerts.Phase{project.later(t, func(s alerts.Scrape) bool { return !s.Has("nonassociations_consumer_head_position") })}
		},
		"it never reaches Postgres": func(t *testing.T, d *deployment) (bool, []alerts.Phase) {
			project := d.exporting(t, "project", "DATABASE_URL=postgres://nobody@127.0.0.1:1/nowhere")
			return true, []alerts.Phase{project.later(t, hasFault("AWAY"))}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			d.tell(t, d.handler(t), "A0001AA", "x")
			fires, phases := stop(t, d)
			judge(t, "ProjectorStopped", fires, phases)
		})
	}
}

func judge(t *testing.T, name string, fires bool, phases []alerts.Phase) {
	t.Helper()
	rules, err := alerts.Load(alertsDir)
	require.NoError(t, err)
	for _, rule := range rules {
		if rule.Name != name {
			continue
		}
		rule.Expected = expectedLabels[name]
		rule.File, err = filepath.Abs(rule.File)
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "test.yaml")
		require.NoError(t, os.WriteFile(file, []byte(alerts.UnitTest(rule, fires, phases...)), 0o600))
		require.NoError(t, alerts.Promtool(t.Context(), "test", "rules", file))
		return
	}
	require.Fail(t, "there is no alert "+name)
}
