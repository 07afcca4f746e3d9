// Package pg parses the addresses of Postgres that an operator configures, and makes
// sessions with the settings that several packages need. All packages that connect
// use it, so that one address means the same for a pool, a single session and a
// migration.
package pg

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ConnectTime bounds a connect of Connect and Alone.
const ConnectTime = 5 * time.Second

// ParsePool parses an address for a pool. The size of the pool is pool_max_conns of the
// address; without it, the driver's default and at least least. A connect takes at
// most limit, or connect_timeout of the address if that is shorter. The error quotes
// the address without its password.
func ParsePool(address string, least int32, limit time.Duration) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, err
	}
	if !hasSize(address) {
		config.MaxConns = max(config.MaxConns, least)
	}
	Resize(config, config.MaxConns)
	prepare(config.ConnConfig, limit)
	return config, nil
}

// hasSize reports whether an address sets pool_max_conns. The parsed configuration
// does not show it: the driver's default is a number like any other.
func hasSize(address string) bool {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return false
	}
	_, is := config.RuntimeParams["pool_max_conns"]
	return is
}

// Resize sets the size of a pool, and lowers its minimum sizes to that.
func Resize(config *pgxpool.Config, size int32) {
	config.MaxConns = size
	config.MinConns = min(config.MinConns, size)
	config.MinIdleConns = min(config.MinIdleConns, size)
}

// ParseConn parses an address for a single connection. Parameters of pools are ignored
// and not sent to the server as settings. A connect takes at most limit, or
// connect_timeout of the address if that is shorter. The error quotes the address
// without its password.
func ParseConn(address string, limit time.Duration) (*pgx.ConnConfig, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, err
	}
	prepare(config.ConnConfig, limit)
	return config.ConnConfig, nil
}

// prepare limits the time of a connect, which an address may set to no limit, and lets
// the end of its context end it.
func prepare(config *pgx.ConnConfig, limit time.Duration) {
	config.LookupFunc = lookup(net.DefaultResolver)
	config.Tracer = tracer{}
	if config.ConnectTimeout <= 0 || config.ConnectTimeout > limit {
		config.ConnectTimeout = limit
	}
}

// lookup returns a function that resolves a host to its addresses, and that ends with its
// context. The driver's own, Resolver.LookupHost, waits for a name server that does
// not answer, five seconds each time, and a shutdown waits with it.
func lookup(resolver *net.Resolver) pgconn.LookupFunc {
	return func(ctx context.Context, host string) ([]string, error) {
		found, err := resolver.LookupIPAddr(ctx, host)
		if err != nil {
			return nil, err
		}
		addresses := make([]string, len(found))
		for i, address := range found {
			addresses[i] = address.String()
		}
		return addresses, nil
	}
}

// Connect opens a single connection to an address. The caller closes it. Errors: those
// of a bad address and of the connect.
func Connect(ctx context.Context, address string) (*pgx.Conn, error) {
	config, err := ParseConn(address, ConnectTime)
	if err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, config)
}

// WithSession opens a session, runs work in it and closes it. Commits are synchronous
// whatever the default of the server is: an operator gets the report that the command
// is done. It returns the error of the connect, or that of work unchanged.
func WithSession(ctx context.Context, address string, work func(*pgx.Conn) error) error {
	config, err := ParseConn(address, ConnectTime)
	if err != nil {
		return fmt.Errorf("read the address of Postgres: %w", err)
	}
	Set(config, "synchronous_commit", "on")
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return work(conn)
}

// ReadOnly makes every session of a configuration read-only. The setting is sent after
// the connect. As a startup parameter it would make each server look like a read-only
// one, and target_session_attrs would select none or the wrong one.
func ReadOnly(config *pgx.ConnConfig) {
	config.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		if err := conn.Exec(ctx, "SET default_transaction_read_only = on").Close(); err != nil {
			return fmt.Errorf("make the session read only: %w", err)
		}
		return nil
	}
}

// PreferIndexes makes the planner of a connection use indexes whatever the tables
// look like. A session keeps its plans, and a plan made for a table of a dozen rows
// would scan it for ever after. It is for sessions that find every row by a key.
// Disabled plan nodes are costed very high, which would trigger JIT compilation;
// so jit is off as well.
func PreferIndexes(config *pgx.ConnConfig) {
	for _, setting := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"} {
		Set(config, setting, "off")
	}
}

// Set sets a parameter of the sessions and removes one of the same name in another
// case: Postgres ignores case, and which of the two would win is not defined.
func Set(config *pgx.ConnConfig, name, value string) {
	for given := range config.RuntimeParams {
		if strings.EqualFold(given, name) {
			delete(config.RuntimeParams, given)
		}
	}
	config.RuntimeParams[name] = value
}
