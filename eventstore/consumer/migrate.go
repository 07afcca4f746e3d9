package consumer

import (
	"context"
	"embed"

	"nonassociations/eventstore/schema"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema consumer of a database up to this build. Several
// processes may do so at once: one migrates, the others wait and find it done.
func Migrate(ctx context.Context, dsn string) error {
	return schema.Room{Schema: "consumer", Key: schema.Consumer, Files: migrations}.Migrate(ctx, dsn)
}
