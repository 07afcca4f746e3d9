package store

import (
	"context"
	"embed"

	"nonassociations/internal/pg/migrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Schema is the schema publisher with its migrations.
var Schema = migrate.Schema{Name: "publisher", LockID: migrate.PublisherLock, Files: migrations}

// Migrate brings the schema publisher of a database up to this build. Several
// processes may do so at once: one migrates, the others wait and find it done.
func Migrate(ctx context.Context, dsn string) error {
	return Schema.Migrate(ctx, dsn)
}
