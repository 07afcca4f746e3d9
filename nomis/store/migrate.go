package store

import (
	"context"
	"embed"

	"nonassociations/internal/pg/migrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Schema is the schema nomis with its migrations.
var Schema = migrate.Schema{Name: "nomis", LockID: migrate.NOMISLock, Files: migrations}

// Migrate brings the schema nomis of a database up to this build. Several processes may
// do so at once: one migrates, the others wait and find it done.
func Migrate(ctx context.Context, dsn string) error {
	return Schema.Migrate(ctx, dsn)
}
