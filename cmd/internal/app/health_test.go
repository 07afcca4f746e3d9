package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/freeport"
	"nonassociations/internal/dev/issuer"
	"nonassociations/internal/dev/token"
)

// asProjector makes this test binary a projector, for a process that can be killed.
const asProjector = "TEST_AS_PROJECTOR"

func projectForEver() {
	dsn := os.Getenv(asProjector)
	err := app.Run(context.Background(), app.Options{
		Config: app.Config{EventStoreURL: dsn, DatabaseURL: dsn}, Roles: app.Roles{Project: true},
		Clock: london, Logger: slog.New(slog.DiscardHandler),
	})
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func london() time.Time {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	return time.Now().In(zone)
}

// projector is a process of its own; killing it twice is no error.
func projector(t *testing.T, dsn string) (kill func()) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	process := exec.Command(self, "-test.run=^$")
	process.Env = append(os.Environ(), asProjector+"="+dsn)
	require.NoError(t, process.Start())
	kill = func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	}
	t.Cleanup(kill)
	return kill
}

// observedService is a serving process, and where its metrics are.
type observedService struct {
	*service

	metrics string
}

// runRoles starts roles in this process with more of the environment and limits.
func runRoles(t *testing.T, dsn string, roles app.Roles, limits app.HealthLimits, more map[string]string, change ...func(*app.Options)) observedService {
	t.Helper()
	keys, err := issuer.Open(t.TempDir(), "nonassociations")
	require.NoError(t, err)
	published, err := issuer.Serve(t.Context(), keys)
	require.NoError(t, err)
	token, err := keys.Sign(token.Request{User: "NOMIS", Roles: []string{"NON_ASSOCIATIONS_SYNC"}}, time.Now())
	require.NoError(t, err)
	environment := map[string]string{
		"EVENTSTORE_URL": dsn, "DATABASE_URL": dsn, "LISTEN_ADDR": freeport.Address(t), "METRICS_ADDR": freeport.Address(t),
		"AUTH_ISSUER": issuer.Name, "AUTH_JWKS_URL": published.KeysURL(), "AUTH_AUDIENCE": "nonassociations",
	}
	maps.Copy(environment, more)
	config, err := app.ReadConfig(environment, roles)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	r := &service{base: "http://" + environment["LISTEN_ADDR"], token: token, stop: stop, ready: make(chan string, 1), ended: make(chan error, 1)}
	r.client = &http.Client{Transport: &http.Transport{}}
	go func() {
		options := app.Options{
			Config: config, Roles: roles, Clock: london, Limits: limits,
			Logger: slog.New(slog.DiscardHandler), Ready: func(address string) { r.ready <- address },
		}
		for _, f := range change {
			f(&options)
		}
		r.ended <- app.Run(ctx, options)
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-r.ended)
		r.client.CloseIdleConnections()
		require.NoError(t, published.Stop())
	})
	return observedService{r, "http://" + environment["METRICS_ADDR"]}
}

// component is a consumer in health.
type component struct {
	Status    string
	Position  *uint64
	Head      *uint64
	Lag       *float64
	Heartbeat *time.Time
	Fault     *struct{ Category string }
}

// checkReadModel is what health says of it, with the status of the whole.
func (s observedService) readModel(t *testing.T) (component, int) {
	t.Helper()
	status, text := s.get(t, "/health")
	var body struct{ Components map[string]component }
	require.NoError(t, json.Unmarshal([]byte(text), &body), text)
	return body.Components["readModel"], status
}

func (s observedService) becomes(t *testing.T, status string) component {
	t.Helper()
	var last component
	require.Eventually(t, func() bool {
		one, code := s.readModel(t)
		last = one
		return one.Status == status && (code == http.StatusOK) == (status == "UP")
	}, time.Minute, 50*time.Millisecond, "becomes %s", status)
	return last
}

func (s observedService) scrape(t *testing.T) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.metrics+"/metrics", http.NoBody)
	require.NoError(t, err)
	status, text := s.answer(request)
	require.Equal(t, http.StatusOK, status, text)
	return text
}

func TestDeadProjector_ofAnotherProcessIsDownAndAlerts(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	s := runRoles(t, dsn, app.Roles{Serve: true}, app.HealthLimits{Heartbeat: 3 * time.Second}, nil)
	kill := projector(t, dsn)
	<-s.ready
	was := s.becomes(t, "UP")
	require.NotNil(t, was.Heartbeat)
	require.Eventually(t, func() bool {
		now, _ := s.readModel(t)
		return now.Heartbeat.After(*was.Heartbeat)
	}, time.Minute, 50*time.Millisecond, "it ticks while idle")
	require.NoError(t, fires(t, s.scrape(t), "+15x20", false))

	kill()
	down := s.becomes(t, "DOWN")
	require.Nil(t, down.Fault)
	require.NotNil(t, down.Position)
	status, _ := s.get(t, "/health/readiness")
	require.Equal(t, http.StatusOK, status)
	first, second := s.scrape(t), s.scrape(t)
	require.Equal(t, heartbeatIn(t, first), heartbeatIn(t, second))
	require.NoError(t, fires(t, second, "x20", true))

	projector(t, dsn)
	s.becomes(t, "UP")
}

// A projector that waits for a lock for ever is alive, and is no better than a dead
// one.
func TestWedgedProjector_isDown(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	s := runRoles(t, dsn, app.Roles{Serve: true}, app.HealthLimits{Heartbeat: 5 * time.Second}, nil)
	projector(t, dsn)
	<-s.ready
	s.becomes(t, "UP")
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `LOCK TABLE read_1.pair IN SHARE MODE`) // reads go on
	require.NoError(t, err)
	s.sync(t, "A0135GA")
	down := s.becomes(t, "DOWN")
	require.Nil(t, down.Fault)
	require.Less(t, *down.Position, *down.Head)
	require.Greater(t, *down.Lag, 0.0)
	require.NoError(t, tx.Rollback(t.Context()))
	s.becomes(t, "UP")
}

// The row says that all is well, and lists are older than the limit all the same.
func TestReadModel_behindAFreshHeadIsDown(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	s := runRoles(t, dsn, app.Roles{Serve: true}, app.HealthLimits{Heartbeat: time.Hour, Lag: time.Second}, nil)
	kill := projector(t, dsn)
	<-s.ready
	s.becomes(t, "UP")
	kill()
	s.sync(t, "A0135GA")
	down := s.becomes(t, "DOWN")
	require.Greater(t, *down.Lag, 1.0)
	require.Less(t, *down.Position, *down.Head)
	projector(t, dsn)
	up := s.becomes(t, "UP")
	require.Equal(t, []float64{0}, []float64{*up.Lag})
}

var metric = regexp.MustCompile(`nonassociations_[a-z_]+`)

// A rule over a metric that is not exported never fires.
func TestMetric_ofARuleIsExported(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	addChecks(t, dsn)
	s := takesTurns(t, dsn, "http://127.0.0.1:1", nil, func(o *app.Options) { o.Hooks = knowing })
	s.becomes(t, "UP")
	pages, _ := pagesOf(t, map[string]string{"AUDIT_QUEUE_URL": aws.Queue(unique("audit"))})
	exported := s.scrape(t) + pages.scrape(t)
	rules, err := filepath.Glob("../../../deploy/alerts/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, rules)
	for _, file := range rules {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		named := metric.FindAllString(string(text), -1)
		require.NotEmpty(t, named)
		for _, name := range named {
			require.True(t, isExported(name, exported), "%s of %s", name, file)
		}
		t.Log("walked", file, named)
	}
	requireDashboard(t, exported)
	for _, name := range []string{"position", "head_position", "heartbeat_timestamp_seconds", "fault", "lag_seconds"} {
		require.Contains(t, exported, "\nnonassociations_consumer_"+name+`{`)
	}
	status, _ := s.get(t, "/metrics")
	require.Equal(t, http.StatusNotFound, status, "never where the API is")
}

var beatLine = regexp.MustCompile(`(?m)^(nonassociations_consumer_heartbeat_timestamp_seconds\{consumer="readModel"\}) (\S+)$`)

func heartbeatIn(t *testing.T, scraped string) string {
	t.Helper()
	found := beatLine.FindStringSubmatch(scraped)
	require.NotNil(t, found, scraped)
	return found[2]
}

// fires gives the series of a scrape to promtool, which starts its clock at 0. The
// heartbeat goes on as told, all else stays as it is.
func fires(t *testing.T, scraped, heartbeat string, want bool) error {
	t.Helper()
	rules, err := filepath.Abs("../../../deploy/alerts/consumers.yaml")
	require.NoError(t, err)
	now := time.Now()
	var series strings.Builder
	for line := range strings.Lines(scraped) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || !strings.HasPrefix(name, "nonassociations_consumer_") {
			continue
		}
		values := value + "x20"
		if beatLine.MatchString(strings.TrimSpace(line)) {
			var at float64
			_, err := fmt.Sscan(value, &at)
			require.NoError(t, err)
			values = fmt.Sprintf("%.3f%s", at-float64(now.UnixMilli())/1000, heartbeat)
		}
		fmt.Fprintf(&series, "      - {series: '%s', values: '%s'}\n", name, values)
	}
	expected := ""
	if want {
		expected = `
        exp_alerts:
          - exp_labels: {severity: critical, consumer: readModel}
            exp_annotations:
              summary: Lists do not show what was recorded last
              runbook: docs/runbooks/ProjectorStopped.md`
	}
	file := filepath.Join(t.TempDir(), "scraped.yaml")
	text := "rule_files: [" + rules + "]\nevaluation_interval: 15s\ntests:\n  - interval: 15s\n    input_series:\n" + series.String() +
		"    alert_rule_test:\n      - eval_time: 3m\n        alertname: ProjectorStopped" + expected + "\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	out, err := exec.CommandContext(t.Context(), "promtool", "test", "rules", file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s\n%s", err, out, text)
	}
	return nil
}
