package postgres

import (
	"context"
	"embed"

	"nonassociations/eventstore/schema"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema eventstore of a database up to this build. Several
// processes may do so at once: one migrates, the others wait and find it done.
func Migrate(ctx context.Context, dsn string) error {
	return schema.Room{Schema: "eventstore", Key: schema.Log, Files: migrations}.Migrate(ctx, dsn)
}
