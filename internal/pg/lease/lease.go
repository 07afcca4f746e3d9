// Package lease makes one process at a time the active one. A lease is an advisory
// lock in Postgres that a session holds: it ends with the session, however that ends.
//
// A holder may notice the loss of its session late. So work under a lease is either
// fenced by a conditional write in the same session, or safe when two processes do it
// at once.
package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"

	"nonassociations/internal/pg"
)

const (
	pollInterval = time.Second     // of a process that waits for the lease
	connectTime  = 5 * time.Second // bounds a connect to a Postgres that does not answer
	closeTime    = 2 * time.Second // bounds the end of a session
)

// Nightly is the lease of the checks of every night. People's commands wait a while for
// such a check where they would be refused otherwise.
const Nightly = "nightly"

// Connect opens a session for the lease of a name, in which the holder also runs its
// transactions. The caller ends it with Close. Errors: those of a bad address and of
// the connect.
func Connect(ctx context.Context, dsn, name string) (*pgx.Conn, error) {
	config, err := pg.ParseConn(dsn, connectTime)
	if err != nil {
		return nil, fmt.Errorf("read the address of Postgres: %w", err)
	}
	pg.Set(config, "application_name", name)
	// The server must detect a dead holder within seconds, because the lease ends only
	// with the session.
	pg.Set(config, "tcp_keepalives_idle", "3")
	pg.Set(config, "tcp_keepalives_interval", "1")
	pg.Set(config, "tcp_keepalives_count", "3")
	pg.Set(config, "client_connection_check_interval", "2s")
	pg.PreferIndexes(config) // handlers find every row by a key
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	return conn, nil
}

// Acquire returns when the session holds the lease. While another session holds
// it, Acquire asks again once a second: a lock that was waited for would keep the
// statement open and hide a lost connection. It logs that it waits, and calls
// waiting, at most once. Errors: the context's, and those of the session, which is
// of no use then.
func Acquire(ctx context.Context, conn *pgx.Conn, name string, logger *slog.Logger, waiting func()) error {
	wait := sync.OnceFunc(func() {
		logger.InfoContext(ctx, "another process holds the lease, waiting", "lease", name)
		waiting()
	})
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, try(ctx, conn, name) },
		backoff.WithBackOff(backoff.NewConstantBackOff(pollInterval)), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(error, time.Duration) { wait() }))
	if err != nil {
		return err
	}
	logger.InfoContext(ctx, "lease held", "lease", name)
	return nil
}

// errHeldElsewhere is the one failure after which the lease is asked for again.
var errHeldElsewhere = errors.New("another session holds the lease")

// try asks once for the lease. A failed statement is permanent: the session that
// was to hold the lease is broken.
func try(ctx context.Context, conn *pgx.Conn, name string) error {
	var held bool
	err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, "lease "+name).Scan(&held)
	if err != nil {
		return backoff.Permanent(fmt.Errorf("ask for the lease %s: %w", name, err))
	}
	if !held {
		return errHeldElsewhere
	}
	return nil
}

const heldSQL = `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND (classid::bigint << 32) | objid::bigint = hashtextextended($1, 0))`

// Held reports whether a session of the same database holds the lease of a name.
func Held(ctx context.Context, conn *pgx.Conn, name string) (held bool, err error) {
	if err := conn.QueryRow(ctx, heldSQL, "lease "+name).Scan(&held); err != nil {
		return false, fmt.Errorf("look for the holder of the lease %s: %w", name, err)
	}
	return held, nil
}

// With waits for the lease, runs do and releases the lease. An error means that the
// lease was not acquired and do did not run. The context of do does not end when the
// session is lost, so do must be safe when another holder runs it at once.
func With(ctx context.Context, dsn, name string, logger *slog.Logger, do func(context.Context)) error {
	conn, err := Connect(ctx, dsn, name)
	if err != nil {
		return err
	}
	defer Close(conn)
	if err := Acquire(ctx, conn, name, logger, func() {}); err != nil {
		return err
	}
	do(ctx)
	return nil
}

// Close releases the leases of a session and ends it, within 2 s. The next holder need not
// wait until Postgres notices that the session has ended. It works with a session that is
// broken.
func Close(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime) //nolint:forbidigo // the session's own context has ended
	defer cancel()
	if !conn.IsClosed() {
		_, _ = conn.Exec(ctx, `SELECT pg_advisory_unlock_all()`) // the end of the session releases them too
	}
	pg.Close(ctx, conn)
}
