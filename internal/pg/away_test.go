package pg_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/pg"
)

func TestIsAway(t *testing.T) {
	t.Parallel()
	refused := func(code string) error { return &pgconn.PgError{Code: code} }
	for _, err := range []error{
		&pgconn.ConnectError{}, refused("57P01"), refused("57P03"), refused("53300"), refused("40001"), refused("08006"),
		io.ErrUnexpectedEOF, &net.OpError{Op: "read", Err: errors.New("connection reset by peer")},
	} {
		require.True(t, pg.IsAway(fmt.Errorf("read: %w", err)), "%T %v", err, err)
	}
	for _, err := range []error{nil, refused("42P01"), refused("22021"), refused(""), errors.New("cannot scan"), io.EOF, context.Canceled, context.DeadlineExceeded} {
		require.False(t, pg.IsAway(err), "%T %v", err, err)
	}
}

// TestIsAway_ofARealDriver asks where nobody listens.
func TestIsAway_ofARealDriver(t *testing.T) {
	t.Parallel()
	_, err := pgconn.Connect(t.Context(), "postgres://x@127.0.0.1:1/x?sslmode=disable")
	require.Error(t, err)
	require.True(t, pg.IsAway(err))
}
