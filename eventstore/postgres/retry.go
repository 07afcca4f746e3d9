package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// retried reads for a caller, in the port's words for what goes wrong.
func retried[T any](ctx context.Context, s *Store, read func(context.Context) (T, error)) (T, error) {
	var nothing T
	if err := s.refusal(ctx); err != nil {
		return nothing, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	value, err := once(bounded, s, read)
	if err != nil {
		return nothing, mapError(ctx, err)
	}
	return value, nil
}

// once reads, and once more on a new connection when the old one had broken: the
// pool notices a restart of Postgres only by using its connections.
func once[T any](ctx context.Context, s *Store, read func(context.Context) (T, error)) (T, error) {
	value, err := read(ctx)
	if err == nil || ctx.Err() != nil || !broken(err) {
		return value, err
	}
	s.reading.Reset()
	return read(ctx)
}

// broken tells whether a connection was lost, other than while connecting.
func broken(err error) bool {
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		return false
	}
	var answered *pgconn.PgError
	return !errors.As(err, &answered) || answered.Code[:2] == "57"
}
