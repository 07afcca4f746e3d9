package status

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"nonassociations/internal/pg"
)

// Table is the table that holds the rows.
const Table = "consumer.status"

// Forget deletes every row, for an operator who has adopted another log: the rows
// are of the former one. A running consumer writes its own again within a second.
func Forget(ctx context.Context, dsn string) error {
	err := pg.WithSession(ctx, dsn, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `DELETE FROM consumer.status`)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget the status of the consumers: %w", err)
	}
	return nil
}
