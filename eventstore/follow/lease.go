package follow

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/internal/pg"
)

// leasePoll is how often a waiting process asks for the lease.
const leasePoll = time.Second

// connectTime bounds a connect to a Postgres that does not answer.
const connectTime = 5 * time.Second

// connect opens the session that holds the lease and runs the transactions.
func connect(ctx context.Context, dsn, name string) (*pgx.Conn, error) {
	config, err := pg.ParseConn(dsn, connectTime)
	if err != nil {
		return nil, fmt.Errorf("read the address of Postgres: %w", err)
	}
	pg.Set(config, "application_name", name)
	// A holder whose machine vanished must lose its session, and with it the
	// lease, within seconds: the server asks whether anybody is still there.
	pg.Set(config, "tcp_keepalives_idle", "3")
	pg.Set(config, "tcp_keepalives_interval", "1")
	pg.Set(config, "tcp_keepalives_count", "3")
	pg.Set(config, "client_connection_check_interval", "2s")
	// A session keeps its plans, and one that was made for tables of a dozen rows
	// would read all of them for ever. Handlers find everything by a key. (A way
	// that is off counts as so dear that jit would start for it.)
	for _, way := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"} {
		pg.Set(config, way, "off")
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	return conn, nil
}

// tryLease asks once. The lock goes with the session, however that ends.
func tryLease(ctx context.Context, conn *pgx.Conn, name string) (bool, error) {
	var held bool
	err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, "follow "+name).Scan(&held)
	if err != nil {
		return false, fmt.Errorf("ask for the lease %s: %w", name, err)
	}
	return held, nil
}

// waitForLease returns when the lease is held.
func (f *Follower[T]) waitForLease(ctx context.Context, conn *pgx.Conn) error {
	return awaitLease(ctx, conn, f.options.Name, f.options.Logger, f.status.waiting)
}

func awaitLease(ctx context.Context, conn *pgx.Conn, name string, logger *slog.Logger, waiting func()) error {
	for waited := false; ; waited = true {
		held, err := tryLease(ctx, conn, name)
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
		if !pause(ctx, leasePoll) {
			return ctx.Err()
		}
	}
}

// Alone does something while no other process that asks for the same lease
// does, and waits for its turn. The lease goes with the session in Postgres: who
// is killed gives it up within seconds. Who loses the session alone is not told,
// so what is done must be safe, if not tidy, beside another. The error says that
// the lease was not got, and that nothing was done.
func Alone(ctx context.Context, dsn, name string, logger *slog.Logger, do func(context.Context)) error {
	conn, err := connect(ctx, dsn, name)
	if err != nil {
		return err
	}
	defer closeConn(conn)
	if err := awaitLease(ctx, conn, name, logger, func() {}); err != nil {
		return err
	}
	do(ctx)
	return nil
}

// closeTime is how long a goodbye to Postgres may take.
const closeTime = 2 * time.Second

func closeConn(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime) //nolint:forbidigo // the session's own context has ended
	defer cancel()
	_ = conn.Close(ctx) // whatever it says, the session is over
}
