package app_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/freeport"
	"nonassociations/internal/dev/issuer"
	"nonassociations/internal/dev/localaws"
	"nonassociations/internal/dev/testdb"
	"nonassociations/internal/dev/token"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProjector) != "" {
		projectForEver()
	}
	// The client never closes the connection that it replaces after an outage.
	goleak.VerifyTestMain(withAWS{m}, goleak.IgnoreAnyFunction("google.golang.org/grpc/internal/grpcsync.(*CallbackSerializer).run"),
		// Where Postgres hangs the client has calls in flight still, and is left to the end of the process.
		goleak.IgnoreTopFunction("github.com/EventStore/EventStore-Client-Go/v4/esdb.connectionStateMachine"))
}

// aws stands in for SNS and SQS in all tests of this process, which name topics and
// queues of their own: the client of AWS takes the address from the environment, and
// a test that sets a variable cannot run beside others.
var aws *localaws.Server

// withAWS are the tests with that server around them.
type withAWS struct{ *testing.M }

func (m withAWS) Run() int {
	var err error
	if aws, err = localaws.Start(context.Background(), localaws.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = aws.Stop(context.Background()) }()
	for name, value := range map[string]string{"AWS_ENDPOINT_URL_SNS": aws.URL(), "AWS_EC2_METADATA_DISABLED": "true"} {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.M.Run()
}

// unique returns a name that no other test has for a topic or a queue.
func unique(name string) string { return name + "-" + uuid.NewString() }

// service is a service in this process.
type service struct {
	base   string
	token  string
	client *http.Client
	stop   context.CancelFunc // as SIGTERM does
	ready  chan string
	ended  chan error
	endsIn func(t *testing.T, left time.Duration) (token string) // one of the same user
}

// run starts both roles on one database; whether they are ready is the
// caller's to await.
func run(t *testing.T, eventStore, dsn string) *service {
	t.Helper()
	return runWith(t, eventStore, dsn, "", token.Request{User: "NOMIS", Roles: []string{"NON_ASSOCIATIONS_SYNC"}})
}

// runWith is run with a prisoner directory, and a token of the caller's choice.
func runWith(t *testing.T, eventStore, dsn, search string, claims token.Request) *service {
	t.Helper()
	return runOf(t, app.Roles{Serve: true, Project: true}, claims, time.Now(), map[string]string{
		"EVENTSTORE_URL": eventStore, "DATABASE_URL": dsn, "PRISONER_SEARCH_URL": search,
	})
}

// runOf is a process of some roles, with a token that was signed at a time and
// with an environment beside what every process needs.
func runOf(t *testing.T, roles app.Roles, claims token.Request, at time.Time, environment map[string]string) *service {
	t.Helper()
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	keys, err := issuer.Open(t.TempDir(), "nonassociations")
	require.NoError(t, err)
	published, err := issuer.Serve(t.Context(), keys)
	require.NoError(t, err)
	signed, err := keys.Sign(claims, at)
	require.NoError(t, err)
	address := freeport.Address(t)
	maps.Copy(environment, map[string]string{
		"LISTEN_ADDR": address, "AUTH_ISSUER": issuer.Name, "AUTH_JWKS_URL": published.KeysURL(), "AUTH_AUDIENCE": "nonassociations",
	})
	config, err := app.ReadConfig(environment, roles)
	require.NoError(t, err)

	ctx, stop := context.WithCancel(t.Context())
	r := &service{base: "http://" + address, token: signed, stop: stop, ready: make(chan string, 1), ended: make(chan error, 1)}
	r.endsIn = func(t *testing.T, left time.Duration) string {
		t.Helper()
		short, err := keys.Sign(claims, time.Now().Add(left-token.TTL))
		require.NoError(t, err)
		return short
	}
	r.client = &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	go func() {
		r.ended <- app.Run(ctx, app.Options{
			Config: config, Roles: roles, Clock: func() time.Time { return time.Now().In(london) },
			Logger: slog.New(slog.DiscardHandler), Ready: func(address string) { r.ready <- address },
		})
	}()
	t.Cleanup(func() {
		stop()
		r.client.CloseIdleConnections()
		require.NoError(t, published.Stop())
	})
	return r
}

// schemas is a database with all durable tables.
var schemas = testdb.NewTemplate(func(ctx context.Context, dsn string) error {
	return app.SchemaUp(ctx, app.Config{EventStoreURL: dsn, DatabaseURL: dsn})
})

func migrated(t *testing.T) string {
	t.Helper()
	return schemas.New(t)
}

func (r *service) request(t *testing.T, method, path string, body io.Reader) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.base+path, body)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+r.token)
	request.Header.Set("Content-Type", "application/json")
	return request
}

func (r *service) get(t *testing.T, path string) (int, string) {
	t.Helper()
	return r.answer(r.request(t, http.MethodGet, path, http.NoBody))
}

// answer is status 0 with the reason when there was none.
func (r *service) answer(request *http.Request) (int, string) {
	response, err := r.client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(text)
}

const syncBody = `{"prisonerNumber":"A9109UD","nonAssociations":[{"reasonCode":"VIC","typeCode":"WING",
	"effectiveDate":"2021-07-05T10:35:17","prisonerNonAssociation":{"prisonerNumber":"A0135GA","reasonCode":"PER"}}]}`

// TestRequest_inFlightIsAnsweredAfterTheSignal stops the process while the body
// of a request is on its way.
func TestRequest_inFlightIsAnsweredAfterTheSignal(t *testing.T) {
	for _, store := range []string{"embedded", "postgres"} {
		t.Run(store, func(t *testing.T) {
			dsn := migrated(t)
			url := map[string]string{"embedded": app.Embedded, "postgres": dsn}[store]
			r := run(t, url, dsn)
			<-r.ready

			body, rest := io.Pipe()
			request := r.request(t, http.MethodPost, "/sync", body)
			request.Header.Set("Expect", "100-continue")
			reading := make(chan struct{})
			request = request.WithContext(httptrace.WithClientTrace(request.Context(),
				&httptrace.ClientTrace{Got100Continue: func() { close(reading) }}))
			go func() {
				<-reading // the handler is in it
				r.stop()
				_, _ = io.Copy(rest, strings.NewReader(syncBody))
				_ = rest.Close()
			}()
			response, err := r.client.Do(request)
			require.NoError(t, err)
			text, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, http.StatusOK, response.StatusCode, string(text))
			require.NoError(t, <-r.ended)

			again := run(t, url, dsn)
			<-again.ready
			status, list := again.get(t, "/non-associations/A0135GA")
			require.Equal(t, http.StatusOK, status)
			require.Contains(t, list, "A9109UD")
			again.stop()
			require.NoError(t, <-again.ended)
		})
	}
}

// TestServe_startsWithoutPostgresAndServesWhenThatComes is the order in which an
// orchestrator may start things.
func TestServe_startsWithoutPostgresAndServesWhenThatComes(t *testing.T) {
	t.Parallel()
	server := testdb.NewServer(t)
	dsn := server.DSN()
	require.NoError(t, app.SchemaUp(t.Context(), app.Config{EventStoreURL: dsn, DatabaseURL: dsn}))
	server.Stop(t)

	r := run(t, app.Embedded, dsn)
	require.Eventually(t, func() bool {
		status, _ := r.get(t, "/health/ping")
		return status == http.StatusOK
	}, time.Minute, 20*time.Millisecond)
	status, _ := r.get(t, "/health/readiness")
	require.Equal(t, http.StatusServiceUnavailable, status)
	status, _ = r.get(t, "/non-associations/A0135GA")
	require.Equal(t, http.StatusServiceUnavailable, status)

	server.Start(t)
	<-r.ready
	status, list := r.get(t, "/non-associations/A0135GA")
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"prisonerNumber":"A0135GA","nonAssociations":[]}`, list)
	r.stop()
	require.NoError(t, <-r.ended)
}

// TestPort_thatIsTakenIsReported ends the process at once.
func TestPort_thatIsTakenIsReported(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	first := run(t, dsn, dsn)
	<-first.ready
	config := app.Config{EventStoreURL: dsn, DatabaseURL: dsn, Edge: app.Edge{
		ListenAddr: strings.TrimPrefix(first.base, "http://"), AuthIssuer: "x", AuthJWKSURL: "http://127.0.0.1:1/", AuthAudience: "x",
	}}
	err := app.Run(t.Context(), app.Options{
		Config: config, Roles: app.Roles{Serve: true}, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	require.ErrorContains(t, err, "listen on")
	first.stop()
	require.NoError(t, <-first.ended)
}
