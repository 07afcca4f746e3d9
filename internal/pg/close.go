package pg

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Close closes a connection, and returns when nothing of it is left in this process or the
// context ends. A call whose context has ended leaves its connection to a goroutine, which
// may take 15 s to cancel the statement; closing such a connection alone waits for nothing.
func Close(ctx context.Context, conn *pgx.Conn) {
	_ = conn.Close(ctx) // the connection is not used again, whatever this returns
	select {
	case <-conn.PgConn().CleanupDone():
	case <-ctx.Done():
	}
}
