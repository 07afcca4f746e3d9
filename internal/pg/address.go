// Package pg reads the addresses of Postgres that an operator gives, for every
// room that connects: one address means the same for a pool, a single session and
// a migration.
package pg

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ConnectTime is how long a connect of Connect may take, at most.
const ConnectTime = 5 * time.Second

// ParsePool reads an address for a pool. The pool has as many connections as the
// address says by pool_max_conns, and least or more where it says nothing. A
// connect takes no longer than limit, and less where connect_timeout says so.
// The error names the address, without its password.
func ParsePool(address string, least int32, limit time.Duration) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, err
	}
	if !saysSize(address) {
		config.MaxConns = max(config.MaxConns, least)
	}
	Resize(config, config.MaxConns)
	bound(config.ConnConfig, limit)
	return config, nil
}

// saysSize reports whether an address, which can be read, names pool_max_conns:
// the driver's own default is a number like any other.
func saysSize(address string) bool {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return false
	}
	_, says := config.RuntimeParams["pool_max_conns"]
	return says
}

// Resize gives a pool its number of connections, none of its other numbers being
// larger than that.
func Resize(config *pgxpool.Config, size int32) {
	config.MaxConns = size
	config.MinConns = min(config.MinConns, size)
	config.MinIdleConns = min(config.MinIdleConns, size)
}

// ParseConn reads an address for a single connection: what it says of pools means
// nothing here, and is not sent to the server as a setting. A connect takes no
// longer than limit, and less where connect_timeout says so. The error names the
// address, without its password.
func ParseConn(address string, limit time.Duration) (*pgx.ConnConfig, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, err
	}
	bound(config.ConnConfig, limit)
	return config.ConnConfig, nil
}

// bound lets nobody wait for ever, whatever an address says.
func bound(config *pgx.ConnConfig, limit time.Duration) {
	if config.ConnectTimeout <= 0 || config.ConnectTimeout > limit {
		config.ConnectTimeout = limit
	}
}

// Connect opens a single connection to an address.
func Connect(ctx context.Context, address string) (*pgx.Conn, error) {
	config, err := ParseConn(address, ConnectTime)
	if err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, config)
}

// Alone does an operator's act in a session of its own. What it commits outlives a
// crash, whatever the server's default is: the operator is told that it is done.
// Errors: those of a connect, and work's as they are.
func Alone(ctx context.Context, address string, work func(*pgx.Conn) error) error {
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

// ReadOnly makes every session of an address read only. It is said once the
// session is there: as a setting of the start it would make each server look like
// one that cannot be written to, and target_session_attrs find none or the wrong
// one.
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

// Set replaces a setting of the sessions, in whatever case an address gave it:
// Postgres does not mind the case, and would take either one.
func Set(config *pgx.ConnConfig, name, value string) {
	for given := range config.RuntimeParams {
		if strings.EqualFold(given, name) {
			delete(config.RuntimeParams, given)
		}
	}
	config.RuntimeParams[name] = value
}
