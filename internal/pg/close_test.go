package pg_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/testdb"
	"nonassociations/internal/pg"
)

// A call that was cancelled goes on closing its connection after it has returned.
func TestClose_waitsForWhatACancelledCallLeaves(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), testdb.New(t))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = conn.Exec(ctx, `SELECT pg_sleep(60)`)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.True(t, conn.IsClosed(), "the statement was sent")
	pg.Close(t.Context(), conn)
	select {
	case <-conn.PgConn().CleanupDone():
	default:
		require.Fail(t, "a part of the connection is left")
	}
}
