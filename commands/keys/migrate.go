package keys

import (
	"context"
	"embed"

	"nonassociations/eventstore/schema"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema commands of a database up to this build. Several
// processes may do so at once: one migrates, the others wait and find it done.
func Migrate(ctx context.Context, dsn string) error {
	return schema.Room{Schema: "commands", Key: schema.Keys, Files: migrations}.Migrate(ctx, dsn)
}
