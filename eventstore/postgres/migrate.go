package postgres

import (
	"context"
	"embed"

	"nonassociations/internal/pg/migrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Schema is the schema eventstore with its migrations.
var Schema = migrate.Schema{Name: "eventstore", LockID: migrate.EventStoreLock, Files: migrations}

// Migrate brings the schema eventstore of a database up to this build. It may be called
// concurrently, see migrate.Schema.
func Migrate(ctx context.Context, dsn string) error {
	return Schema.Migrate(ctx, dsn)
}
