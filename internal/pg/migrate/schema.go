// Package migrate brings a room's durable tables in Postgres up to this build.
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

// LockID is an advisory lock, which all sessions of a database share. Whoever
// migrates one schema holds up nobody else.
type LockID int64

// Every key that is a number. …571 is held by each append to the log; it stands
// in the function that takes it, in the log's migrations. Leases take the hash of
// their names.
const (
	EventStoreLock LockID = 7305810324570
	PublisherLock  LockID = 7305810324572
	CommandsLock   LockID = 7305810324573

	// ConsumerLock is that of the consumers' status.
	ConsumerLock LockID = 7305810324574
)

// Schema is a schema with the migrations that make it, in goose's format.
type Schema struct {
	Name   string
	LockID LockID
	Files  fs.FS // with a folder migrations
}

// Migrate brings the schema up to this build. Several processes may do so at
// once: one migrates, the others wait and find it done.
func (r Schema) Migrate(ctx context.Context, dsn string) error {
	if err := r.migrate(ctx, dsn); err != nil {
		return fmt.Errorf("migrate the schema %s: %w", r.Name, err)
	}
	return nil
}

func (r Schema) migrate(ctx context.Context, dsn string) error {
	config, err := pg.ParseConn(dsn, connectTime)
	if err != nil {
		return err
	}
	if err := r.makeSchema(ctx, config); err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	provider, err := r.provider(db)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

func (r Schema) provider(db *sql.DB) (*goose.Provider, error) {
	// Every second, for two minutes.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(int64(r.LockID)), lock.WithLockTimeout(1, 120))
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(r.Files, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName(r.Name+".goose_db_version"), goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
}

// makeSchema makes the schema that goose's own table lives in; IF NOT EXISTS
// alone fails when two sessions do it at the same moment.
func (r Schema) makeSchema(ctx context.Context, config *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(r.LockID)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{r.Name}.Sanitize())
		return err
	})
}
