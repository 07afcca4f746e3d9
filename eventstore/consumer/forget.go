package consumer

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"nonassociations/internal/pg"
)

// Table is where the rows are.
const Table = "consumer.status"

// Forget drops every row: what the consumers did was with another log. One that is
// at work writes its own again within a second.
func Forget(ctx context.Context, dsn string) error {
	config, err := pg.ParseConn(dsn, writeTime)
	if err != nil {
		return fmt.Errorf("read the address of Postgres: %w", err)
	}
	// An operator is told that it is done: that outlives a crash.
	pg.Set(config, "synchronous_commit", "on")
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `DELETE FROM consumer.status`); err != nil {
		return fmt.Errorf("forget the status of the consumers: %w", err)
	}
	return nil
}
