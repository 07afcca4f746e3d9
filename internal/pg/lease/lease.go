// Package lease lets one process at a time do something. A lease is an advisory
// lock in Postgres, held by one session: it ends with that session, however the
// session ends. A holder that loses its session is told late, so work under a
// lease is either fenced by a conditional write in the same session or safe
// beside another holder.
package lease

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/internal/pg"
)

const (
	pollInterval = time.Second     // between two requests of a waiting process
	connectTime  = 5 * time.Second // bounds a connect to a Postgres that does not answer
	closeTime    = 2 * time.Second // bounds the end of a session
)

// Connect opens the session that is to hold the lease of a name and to run its
// holder's transactions. The caller ends it with Close.
func Connect(ctx context.Context, dsn, name string) (*pgx.Conn, error) {
	config, err := pg.ParseConn(dsn, connectTime)
	if err != nil {
		return nil, fmt.Errorf("read the address of Postgres: %w", err)
	}
	pg.Set(config, "application_name", name)
	// The server must notice within seconds that the holder's machine is gone:
	// the lease ends with the session.
	pg.Set(config, "tcp_keepalives_idle", "3")
	pg.Set(config, "tcp_keepalives_interval", "1")
	pg.Set(config, "tcp_keepalives_count", "3")
	pg.Set(config, "client_connection_check_interval", "2s")
	// A session keeps its plans, and a plan made for tables of a dozen rows would
	// scan them for ever. Handlers find everything by a key. Disabled plan nodes
	// are costed very high, which would trigger JIT; so jit is off as well.
	for _, way := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"} {
		pg.Set(config, way, "off")
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	return conn, nil
}

// Acquire returns when the session holds the lease, or with an error when ctx or
// the session ended before. It logs that it waits, and calls waiting, once.
func Acquire(ctx context.Context, conn *pgx.Conn, name string, logger *slog.Logger, waiting func()) error {
	for waited := false; ; waited = true {
		held, err := try(ctx, conn, name)
		if err != nil {
			return err
		}
		if held {
			logger.InfoContext(ctx, "lease held", "lease", name)
			return nil
		}
		if !waited {
			logger.InfoContext(ctx, "another process holds the lease, waiting", "lease", name)
			waiting()
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// try asks once and reports whether the session holds the lease now.
func try(ctx context.Context, conn *pgx.Conn, name string) (bool, error) {
	var held bool
	err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, "lease "+name).Scan(&held)
	if err != nil {
		return false, fmt.Errorf("ask for the lease %s: %w", name, err)
	}
	return held, nil
}

func pause(ctx context.Context) error {
	timer := time.NewTimer(pollInterval)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// With runs do while this process holds the lease, and waits for the lease
// first. An error means that the lease was not got and do did not run. Do is not
// told when the session is lost, so it must be safe beside another holder.
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

// Close ends a session, and with it the lease, within 2 s.
func Close(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime) //nolint:forbidigo // the session's own context has ended
	defer cancel()
	_ = conn.Close(ctx) // the session is over, whatever this says
}
