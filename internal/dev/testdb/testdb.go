// Package testdb gives a test a database of its own on a real Postgres. One server
// serves a test process: it starts with the first test that needs it, and is removed
// when the process ends, however that ends. On a machine without Postgres such a test
// fails: a skipped test proves nothing.
package testdb

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"nonassociations/internal/dev/localpg"
)

// Variable names a server to use instead. Its user must be allowed to create databases.
const Variable = "TEST_DATABASE_URL"

var (
	shared = sync.OnceValues(startShared)
	serial atomic.Int64
)

// New creates an empty database and returns its DSN, a URL. It is dropped at the end of
// the test, together with connections that are still open.
func New(t testing.TB) string {
	t.Helper()
	if admin := os.Getenv(Variable); admin != "" {
		return create(t, admin, "")
	}
	server := sharedServer(t)
	return create(t, server.DSN("postgres"), server.strategy)
}

// server is the Postgres of this process.
type server struct {
	*localpg.Server

	strategy string // of CREATE DATABASE
}

// sharedServer starts the server of this process with the first test that asks.
func sharedServer(t testing.TB) server {
	t.Helper()
	started, err := shared()
	if err != nil {
		t.Fatalf("no Postgres for this test: %v", err)
	}
	return started
}

// startShared starts the server of this process.
func startShared() (server, error) {
	dir, err := reapedDir()
	if err != nil {
		return server{}, err
	}
	ctx := context.Background()
	started, err := localpg.Start(ctx, localpg.Options{Dir: dir, Templates: templates()})
	if err != nil {
		return server{}, err
	}
	conn, err := pgx.Connect(ctx, started.DSN("postgres"))
	if err != nil {
		return server{}, fmt.Errorf("connect to Postgres: %w", err)
	}
	defer conn.Close(ctx)
	s := server{Server: started}
	if err := conn.QueryRow(ctx, strategySQL).Scan(&s.strategy); err != nil {
		return server{}, fmt.Errorf("ask for the version of Postgres: %w", err)
	}
	return s, nil
}

// strategySQL returns how CREATE DATABASE copies files, which takes half the processor
// time of writing each page to the log. Before version 15 there is no other way, and no
// word for it.
const strategySQL = `SELECT CASE WHEN current_setting('server_version_num')::int >= 150000 THEN ' STRATEGY FILE_COPY' ELSE '' END`

// templates is a folder of this user that outlives the test process. It returns ""
// where the user has no cache folder: then initdb makes every cluster.
func templates() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "nonassociations-postgres")
}

// create creates a database with a unique name, as the rest of the statement says.
func create(t testing.TB, admin, how string) string {
	t.Helper()
	name := uniqueName()
	idle.begin()
	t.Cleanup(idle.end)
	execute(t, admin, "CREATE DATABASE "+name+how)
	t.Cleanup(func() { execute(t, admin, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return inDatabase(t, admin, name)
}

// uniqueName returns a name for a database that no other test has. The process id keeps
// test processes apart that share one server.
func uniqueName() string { return fmt.Sprintf("test_%d_%d", os.Getpid(), serial.Add(1)) }

// execute runs one statement. It also runs in cleanups.
func execute(t testing.TB, dsn, statement string) {
	t.Helper()
	ctx := context.Background() // t.Context() has ended when cleanups run
	conn, err := idle.take(ctx, dsn)
	if err != nil {
		t.Errorf("connect for %q: %v", statement, err)
		return
	}
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Errorf("%s: %v", statement, err)
		_ = conn.Close(ctx)
		return
	}
	idle.give(dsn, conn)
}

// connections keeps sessions by their address between statements, because starting a
// session costs more than the statements of this package. As many are kept as tests run at
// once, until none of these has a database: the driver may leave a goroutine in a session.
type connections struct {
	sync.Mutex

	of    map[string][]*pgx.Conn
	users int // tests with a database
}

var idle = connections{of: map[string][]*pgx.Conn{}}

// begin counts a test that has a database.
func (c *connections) begin() {
	c.Lock()
	defer c.Unlock()
	c.users++
}

// end is that of begin. The last one closes the connections.
func (c *connections) end() {
	c.Lock()
	defer c.Unlock()
	if c.users--; c.users > 0 {
		return
	}
	for dsn, kept := range c.of {
		for _, conn := range kept {
			_ = conn.Close(context.Background()) // a broken one has ended already
		}
		delete(c.of, dsn)
	}
}

// take returns a connection that nothing else uses.
func (c *connections) take(ctx context.Context, dsn string) (*pgx.Conn, error) {
	if conn := c.kept(dsn); conn != nil {
		return conn, nil
	}
	return pgx.Connect(ctx, dsn)
}

// kept takes a kept connection, or returns nil.
func (c *connections) kept(dsn string) *pgx.Conn {
	c.Lock()
	defer c.Unlock()
	kept := c.of[dsn]
	if len(kept) == 0 {
		return nil
	}
	conn := kept[len(kept)-1]
	c.of[dsn] = kept[:len(kept)-1]
	return conn
}

// give keeps a connection for the next statement.
func (c *connections) give(dsn string, conn *pgx.Conn) {
	c.Lock()
	defer c.Unlock()
	c.of[dsn] = append(c.of[dsn], conn)
}

// inDatabase returns the same server's address with another database.
func inDatabase(t testing.TB, dsn, name string) string {
	t.Helper()
	if !strings.Contains(dsn, "://") {
		return dsn + " dbname=" + name // the last one counts
	}
	address, err := url.Parse(dsn)
	if err != nil {
		t.Fatalf("%s is not a URL: %v", Variable, err)
	}
	address.Path = "/" + name
	return address.String()
}
