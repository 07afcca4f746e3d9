package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"nonassociations/internal/pg"
)

// connectTime bounds one attempt to connect.
const connectTime = 3 * time.Second

// Store has the tables of the schema. It is safe for concurrent use, by many processes
// as well.
type Store struct{ pool *pgxpool.Pool }

// Open returns a Store. It does not connect, so Postgres may be down. An error means
// that the DSN cannot be parsed. Close must be called.
func Open(ctx context.Context, dsn string) (*Store, error) {
	config, err := pg.ParsePool(dsn, 0, connectTime)
	if err != nil {
		return nil, fmt.Errorf("read the address of nomis's tables: %w", err)
	}
	pg.Set(config.ConnConfig, "application_name", "nomis/store")
	// A message is deleted from its queue once its row is here.
	pg.Set(config.ConnConfig, "synchronous_commit", "on")
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open nomis's tables: %w", err)
	}
	return &Store{pool}, nil
}

// Close closes the pool after the calls in flight have ended.
func (s *Store) Close() { s.pool.Close() }
