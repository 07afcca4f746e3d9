package status

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
	err := pg.Alone(ctx, dsn, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `DELETE FROM consumer.status`)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget the status of the consumers: %w", err)
	}
	return nil
}
