package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// readWithRetry runs a read for a caller, with one retry, and maps its error.
func readWithRetry[T any](ctx context.Context, s *Store, read func(context.Context) (T, error)) (T, error) {
	var nothing T
	if err := s.rejection(ctx); err != nil {
		return nothing, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	value, err := withReconnect(bounded, s, read)
	if err != nil {
		return nothing, mapError(ctx, err)
	}
	return value, nil
}

// withReconnect runs a read, and once more on a new connection when the old one was broken. The
// pool notices a restart of Postgres only when it uses a connection, so the first read
// after a restart would fail. A backoff is of no use here: one retry needs no pause.
func withReconnect[T any](ctx context.Context, s *Store, read func(context.Context) (T, error)) (T, error) {
	value, err := read(ctx)
	if err == nil || ctx.Err() != nil || !broken(err) {
		return value, err
	}
	s.reading.Reset()
	return read(ctx)
}

// broken reports whether an open connection was lost. A failed connect is not one.
func broken(err error) bool {
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		return false
	}
	var answered *pgconn.PgError
	return !errors.As(err, &answered) || answered.Code[:2] == "57"
}
