package status

import (
	"context"
	"embed"

	"nonassociations/internal/pg/migrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Schema is the schema consumer with its migrations.
var Schema = migrate.Schema{Name: "consumer", LockID: migrate.ConsumerLock, Files: migrations}

// Migrate brings the schema consumer of a database up to this build. It may be called
// concurrently, see migrate.Schema.
func Migrate(ctx context.Context, dsn string) error {
	return Schema.Migrate(ctx, dsn)
}
