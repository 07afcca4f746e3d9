package app_test

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/issuer"
	"nonassociations/internal/dev/testdb"
	"nonassociations/internal/dev/token"
)

// installation is a database as one has it in earnest: an owner who may not even make
// roles, and a login for each kind of process, with the roles of roles.sql.
type installation struct {
	super         string            // its address for a superuser
	conn          *pgx.Conn         // of the superuser
	logins        map[string]string // addresses by what the login is for
	names         map[string]string // users by what the login is for
	topic         string            // names of its own at SNS and SQS
	receivedQueue string
	merges        string
	keys          token.Issuer
	issuer        *issuer.Server
}

// rolesLock is held while roles.sql runs: roles belong to the whole server, on which other
// tests have databases.
var rolesLock sync.Mutex

// membersOf says which roles each login has; the owner has the database.
var membersOf = map[string][]string{
	"owner": nil, "writer": {"writer"}, "projector": {"projector"}, "publisher": {"publisher"}, "reader": {"reader"},
	"both": {"writer", "projector"}, "adopting": {"projector", "operator"}, "screens": {"screens"},
	"nomis": {"nomis"}, "evidence": {"evidence"},
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	e := &installation{super: testdb.New(t), logins: map[string]string{}, names: map[string]string{}}
	admin := connectTo(t, e.super)
	database := strings.TrimPrefix(parsed(t, e.super).Path, "/")
	mark := strings.ReplaceAll(uuid.NewString(), "-", "")[:12]
	for login := range membersOf {
		e.names[login] = "test_" + login + "_" + mark
		execSQL(t, admin, "CREATE ROLE "+e.names[login]+" LOGIN")
		e.logins[login] = as(t, e.super, e.names[login])
	}
	t.Cleanup(func() { e.dropLogins(t, database) })
	e.conn = connectTo(t, e.super)
	execSQL(t, e.conn, "ALTER DATABASE "+database+" OWNER TO "+e.names["owner"])

	// A superuser once, then the owner alone.
	rolesLock.Lock()
	defer rolesLock.Unlock()
	out, err := rolesByPsql(t, e.super)
	require.NoError(t, err, out)
	require.NoError(t, app.SchemaUp(t.Context(), e.config("owner")))
	out, err = rolesByPsql(t, e.logins["owner"])
	require.NoError(t, err, out)
	for login, roles := range membersOf {
		for _, role := range roles {
			execSQL(t, e.conn, "GRANT nonassociations_"+role+" TO "+e.names[login])
		}
	}
	e.outside(t)
	return e
}

// outside is what is beside Postgres: SNS and SQS, and an issuer of tokens.
func (e *installation) outside(t *testing.T) {
	t.Helper()
	e.topic, e.receivedQueue, e.merges = unique("world"), unique("heard"), unique("prisoner-events")
	require.NoError(t, aws.Subscribe(aws.Topic(e.topic), e.receivedQueue, true, ""))
	var err error
	e.keys, err = issuer.Open(t.TempDir(), "nonassociations")
	require.NoError(t, err)
	e.issuer, err = issuer.Serve(t.Context(), e.keys)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.issuer.Stop()) })
}

// dropLogins lets the roles go, in the database that they have rights in too.
func (e *installation) dropLogins(t *testing.T, database string) {
	address := parsed(t, e.super)
	address.Path = "/postgres"
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, address.String())
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+database+" WITH (FORCE)")
	require.NoError(t, err)
	for _, name := range e.names {
		_, err := conn.Exec(ctx, "DROP ROLE "+name)
		require.NoError(t, err)
	}
	require.NoError(t, conn.Close(ctx))
}

func rolesByPsql(t *testing.T, dsn string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "psql", "-X", "-q", "-f", "../../../deploy/postgres/roles.sql", dsn).CombinedOutput()
	return string(out), err
}

func parsed(t *testing.T, dsn string) *url.URL {
	t.Helper()
	address, err := url.Parse(dsn)
	require.NoError(t, err)
	return address
}

func as(t *testing.T, dsn, user string) string {
	address := parsed(t, dsn)
	address.User = url.User(user)
	return address.String()
}

func connectTo(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func execSQL(t *testing.T, conn *pgx.Conn, sql string, arguments ...any) {
	t.Helper()
	_, err := conn.Exec(t.Context(), sql, arguments...)
	require.NoError(t, err, sql)
}

// config is of a process with one login; its reads are the reader's.
func (e *installation) config(login string) app.Config {
	return app.Config{
		EventStoreURL: e.logins[login], DatabaseURL: e.logins[login], ReadDatabaseURL: e.logins["reader"],
	}
}

// kind is a process that runs without end.
type kind struct {
	login string
	roles app.Roles
}

// processes are all of them.
var processes = map[string]kind{
	"serve":           {"writer", app.Roles{Serve: true}},
	"screens":         {"screens", app.Roles{Screens: true}},
	"project":         {"projector", app.Roles{Project: true}},
	"serve --project": {"both", app.Roles{Serve: true, Project: true}},
	"publish":         {"publisher", app.Roles{Publish: true}},
	"nomis listen":    {"nomis", app.Roles{Listen: true}},
	"nomis work":      {"nomis", app.Roles{Work: true}},
	"evidence sign":   {"evidence", app.Roles{Sign: true}},
}

func (e *installation) options(t *testing.T, kind string) app.Options {
	t.Helper()
	of := processes[kind]
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	config := e.config(of.login)
	config.SNSTopicARN, config.PrisonerEventsQueueURL = aws.Topic(e.topic), aws.Queue(e.merges)
	if of.roles.Serve || of.roles.Screens {
		config.Edge = app.Edge{
			ListenAddr: "127.0.0.1:0", AuthIssuer: issuer.Name, AuthJWKSURL: e.issuer.KeysURL(), AuthAudience: "nonassociations",
		}
	}
	if of.roles.Screens {
		config.ReadDatabaseURL = ""
		config.Screens = app.Screens{
			Addr: "127.0.0.1:0", ClientID: issuer.ClientID, SessionKey: base64.StdEncoding.EncodeToString(make([]byte, 32)),
			Lifetime: time.Hour, Idle: time.Hour, KeepForm: time.Hour,
		}
	}
	if of.roles.Work {
		config.NOMIS = app.NOMIS{APIURL: "http://127.0.0.1:1", InFlight: 1, DeleteAfter: time.Hour, Sweep: time.Hour}
	}
	config.Edge.PublicURL = "http://x.test"
	config.Evidence = app.Evidence{KeyFile: filepath.Join(t.TempDir(), "evidence.key"), Every: time.Second, VerifyAt: "03:30"}
	return app.Options{
		Config: config, Roles: of.roles, Clock: func() time.Time { return time.Now().In(london) }, Logger: slog.New(slog.DiscardHandler),
		NewEvidenceKey: true,
	}
}

// start runs a process, whose end the test awaits.
func (e *installation) start(t *testing.T, kind string) *service {
	t.Helper()
	return e.startWith(t, e.options(t, kind))
}

func (e *installation) startWith(t *testing.T, o app.Options) *service {
	t.Helper()
	token, err := e.keys.Sign(token.Request{User: "NOMIS", Roles: []string{"NON_ASSOCIATIONS_SYNC"}}, time.Now())
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	r := &service{token: token, stop: stop, ready: make(chan string, 1), ended: make(chan error, 1), client: &http.Client{Transport: &http.Transport{}}}
	o.Ready = func(address string) { r.ready <- address }
	go func() { r.ended <- app.Run(ctx, o) }()
	t.Cleanup(func() {
		stop()
		r.client.CloseIdleConnections()
	})
	return r
}

// waitReady waits until it answers, or says why it does not.
func (r *service) waitReady(t *testing.T) {
	t.Helper()
	select {
	case address := <-r.ready:
		r.base = "http://" + address
	case err := <-r.ended:
		require.FailNow(t, "it ended", "%v", err)
	case <-time.After(time.Minute):
		require.FailNow(t, "it is not ready")
	}
}

func (r *service) stopInOrder(t *testing.T) {
	t.Helper()
	r.stop()
	require.NoError(t, <-r.ended)
}
