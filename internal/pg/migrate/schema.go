// Package migrate brings the durable tables of a package in Postgres up to this
// build. It is what all packages with such tables share: goose with one advisory
// lock per schema.
package migrate

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"nonassociations/internal/pg"
)

// connectTime bounds a connect to a Postgres that does not answer.
const connectTime = 5 * time.Second

// LockID is the key of an advisory lock that is held while one schema is migrated.
// Each schema has its own, so a long migration delays no other.
type LockID int64

// The keys of the advisory locks of migrations. Advisory locks share one namespace
// in a database, so they are listed in one place. Two more numbers are taken:
// …571 is the lock of each append, in the function eventstore.append, and …575 is
// that of deploy/postgres/roles.sql. Leases lock the hash of their names.
const (
	EventStoreLock LockID = 7305810324570
	PublisherLock  LockID = 7305810324572
	CommandsLock   LockID = 7305810324573
	ConsumerLock   LockID = 7305810324574
	NOMISLock      LockID = 7305810324576
	ScreensLock    LockID = 7305810324577
	EvidenceLock   LockID = 7305810324578
)

// Schema is a schema of Postgres with its migrations, in goose's format.
type Schema struct {
	Name   string
	LockID LockID
	Files  fs.FS // has a folder "migrations"
}

// Migrate applies the migrations that the schema does not have yet, and creates it
// first. Several processes may call it at once: one migrates, the others wait for
// up to two minutes and find it done. Errors: those of a connect and of the
// migrations; what was applied before a failed one stays.
func (s Schema) Migrate(ctx context.Context, dsn string) error { return Up(ctx, dsn, s) }

// Up is Migrate for several schemas of one database, in this order and in one session:
// starting a session costs more than to find that nothing is to be done.
func Up(ctx context.Context, dsn string, schemas ...Schema) error {
	config, err := pg.ParseConn(dsn, connectTime)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	for _, s := range schemas {
		if err := s.migrate(ctx, db); err != nil {
			return fmt.Errorf("migrate the schema %s: %w", s.Name, err)
		}
	}
	return nil
}

// migrate creates the schema and applies the missing migrations.
func (s Schema) migrate(ctx context.Context, db *sql.DB) error {
	if err := s.makeSchema(ctx, db); err != nil {
		return err
	}
	provider, err := s.provider(db)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// provider makes the goose provider, whose version table is in the schema itself.
func (s Schema) provider(db *sql.DB) (*goose.Provider, error) {
	// The lock is asked for once a second, up to 120 times.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(int64(s.LockID)), lock.WithLockTimeout(1, 120))
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(s.Files, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName(s.Name+".goose_db_version"), goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
}

// makeSchema creates the schema, which also holds goose's own table. IF NOT EXISTS
// alone fails when two sessions run it at the same moment, hence the lock.
func (s Schema) makeSchema(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing, once it is committed
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(s.LockID)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{s.Name}.Sanitize()); err != nil {
		return err
	}
	return tx.Commit()
}
