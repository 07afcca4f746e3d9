package keys

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrateKey is the lock of those who migrate this schema, per database. It is
// nobody else's: …570 migrates the log, …571 is held by every append to it, …572
// migrates the publisher's desk.
const migrateKey = 7305810324573

// Migrate brings the schema commands of a database up to this build. Several
// processes may do so at once: one migrates, the others find it done.
func Migrate(ctx context.Context, dsn string) error {
	if err := migrate(ctx, dsn); err != nil {
		return fmt.Errorf("migrate the idempotency keys: %w", err)
	}
	return nil
}

func migrate(ctx context.Context, dsn string) error {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return err
	}
	config.ConnectTimeout = connectTime
	if err := makeSchema(ctx, config); err != nil {
		return err
	}
	// Every second, for two minutes.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrateKey), lock.WithLockTimeout(1, 120))
	if err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName("commands.goose_db_version"), goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// makeSchema makes the schema that goose's own table lives in; IF NOT EXISTS
// alone fails when two sessions do it at the same moment.
func makeSchema(ctx context.Context, config *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrateKey)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS commands")
		return err
	})
}
