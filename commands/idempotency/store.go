package idempotency

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"nonassociations/internal/pg"
)

// connectTime bounds one attempt to connect. Requests with a key fail as busy after it,
// well within the time of a request.
const connectTime = 3 * time.Second

// TTL is how long a key is bound to its command. After that it counts as unused.
const TTL = 7 * 24 * time.Hour

// ErrForeign means that the keys belong to commands in another log. Their revisions and
// positions would be wrong here.
var ErrForeign = errors.New("the idempotency keys are of another log")

// Options of a Store. Clock must be set.
type Options struct {
	Clock  func() time.Time
	Logger *slog.Logger // nil is silent
}

// Store is the table of keys. It is safe for concurrent use, by many processes as well.
type Store struct {
	pool    *pgxpool.Pool
	options Options
}

// Open returns a Store. It does not connect, so Postgres may be down. An error means that
// the DSN cannot be parsed. Close must be called.
func Open(ctx context.Context, dsn string, options Options) (*Store, error) {
	config, err := pg.ParsePool(dsn, 0, connectTime)
	if err != nil {
		return nil, fmt.Errorf("read the address of the idempotency keys: %w", err)
	}
	pg.Set(config.ConnConfig, "application_name", "commands/idempotency")
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the idempotency keys: %w", err)
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Store{pool, options}, nil
}

// Close closes the pool after the calls in flight have ended.
func (s *Store) Close() { s.pool.Close() }

// BindToLog binds the keys to a log by the id of its store. The first call decides, and
// every later call with another id returns ErrForeign.
func (s *Store) BindToLog(ctx context.Context, log uuid.UUID) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO commands.log (store_id) VALUES ($1) ON CONFLICT DO NOTHING`, log)
	if err != nil {
		return fmt.Errorf("bind the idempotency keys to the log: %w", err)
	}
	var theirs uuid.UUID
	if err := s.pool.QueryRow(ctx, `SELECT store_id FROM commands.log`).Scan(&theirs); err != nil {
		return fmt.Errorf("read the log of the idempotency keys: %w", err)
	}
	if theirs != log {
		return fmt.Errorf("%w: they are of %s, this is %s", ErrForeign, theirs, log)
	}
	return nil
}

// Adopt deletes all keys and binds the empty table to another log. It is for an operator
// who has replaced the log. A running service must not call it.
func Adopt(ctx context.Context, dsn string, log uuid.UUID) error {
	// Both statements are one transaction: keys of the old log must never be seen with the
	// id of the new one.
	err := pg.WithSession(ctx, dsn, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `DELETE FROM commands.idempotency_keys`); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `INSERT INTO commands.log (store_id) VALUES ($1)
				ON CONFLICT (only_one) DO UPDATE SET store_id = excluded.store_id`, log)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("bind the idempotency keys to another log: %w", err)
	}
	return nil
}

// Run deletes expired keys every hour until the context ends, and returns the context's
// error. Only the size of the table depends on it: Reserve treats an expired key as free.
func (s *Store) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if _, err := s.Purge(ctx); err != nil && ctx.Err() == nil {
			s.options.Logger.WarnContext(ctx, "deleting expired idempotency keys failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Purge deletes the expired keys and returns their number.
func (s *Store) Purge(ctx context.Context) (int64, error) {
	tag, err := s.pool.Exec(ctx, `DELETE FROM commands.idempotency_keys WHERE reserved_at <= $1`, s.options.Clock().Add(-TTL))
	if err != nil {
		return 0, fmt.Errorf("purge the idempotency keys: %w", err)
	}
	return tag.RowsAffected(), nil
}

// none reports whether a query found no row.
func none(err error) bool { return errors.Is(err, pgx.ErrNoRows) }
