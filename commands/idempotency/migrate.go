package idempotency

import (
	"context"
	"embed"

	"nonassociations/internal/pg/migrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Schema is the schema commands with its migrations.
var Schema = migrate.Schema{Name: "commands", LockID: migrate.CommandsLock, Files: migrations}

// Migrate brings the schema commands of a database up to this build. Several processes
// may call it at once: an advisory lock lets one migrate, and the others wait for it.
func Migrate(ctx context.Context, dsn string) error {
	return Schema.Migrate(ctx, dsn)
}
