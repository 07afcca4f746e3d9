package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"nonassociations/internal/pg"
)

const (
	connectTime = 3 * time.Second // bounds one attempt to connect
	leastConns  = 12              // renewals hold connections while they wait for the issuer
)

// ErrNone means that there is no such row.
var ErrNone = errors.New("there is no such row")

// Store has the tables of the schema. It is safe for concurrent use, by many processes as
// well.
type Store struct {
	pool *pgxpool.Pool
	key  *Key
}

// Open returns a Store that encrypts with a key. It does not connect, so Postgres may be
// down. An error means that the DSN cannot be parsed. Close must be called.
func Open(ctx context.Context, dsn string, key *Key) (*Store, error) {
	config, err := pg.ParsePool(dsn, leastConns, connectTime)
	if err != nil {
		return nil, fmt.Errorf("read the address of the pages' tables: %w", err)
	}
	pg.Set(config.ConnConfig, "application_name", "screens/store")
	// A page is sent once its view is here.
	pg.Set(config.ConnConfig, "synchronous_commit", "on")
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the pages' tables: %w", err)
	}
	return &Store{pool, key}, nil
}

// Close closes the pool after the calls in flight have ended.
func (s *Store) Close() { s.pool.Close() }

// ID is the SHA-256 of a secret that a browser has. The secret itself is never stored.
type ID [sha256.Size]byte

// IDOf returns the id of a secret.
func IDOf(secret string) ID { return sha256.Sum256([]byte(secret)) }

// oneRow turns a statement that changed no row into ErrNone.
func (s *Store) oneRow(ctx context.Context, sql string, arguments ...any) error {
	tag, err := s.pool.Exec(ctx, sql, arguments...)
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrNone
	}
	return err
}

// orNone turns the driver's error for no row into ErrNone.
func orNone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNone
	}
	return err
}
