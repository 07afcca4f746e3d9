package store

import (
	"context"
	"embed"

	"nonassociations/internal/pg/migrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema screens of a database up to this build. Several processes may
// do so at once: one migrates, the others wait and find it done.
func Migrate(ctx context.Context, dsn string) error {
	return migrate.Schema{Name: "screens", LockID: migrate.ScreensLock, Files: migrations}.Migrate(ctx, dsn)
}
