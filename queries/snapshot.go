package queries

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// place is how far the rows are that the same snapshot shows, as the world writes
// positions: a place before the event at its commit is the number before it.
const (
	rowPosition = `CASE WHEN c.prepare < c."commit" THEN c."commit" - 1 ELSE c."commit" END`
	positionSQL = `SELECT ` + rowPosition + ` FROM read.checkpoint c`
)

// snapshot asks for rows and for their position in one round trip and one snapshot:
// the statements of a batch are one transaction, and every transaction of the pool
// is REPEATABLE READ. Whichever server answers, and whatever is committed
// meanwhile, the position is that of the rows. Errors: ErrNotCaughtUp, and read's.
func (r *Reader) snapshot(ctx context.Context, read func(pgx.Rows) error, sql string, arguments ...any) (position uint64, err error) {
	batch := &pgx.Batch{}
	batch.Queue(positionSQL).QueryRow(func(row pgx.Row) error { return row.Scan(&position) })
	batch.Queue(sql, arguments...).Query(read)
	err = r.pool.SendBatch(ctx, batch).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, ErrNotCaughtUp
	}
	return position, mapMissingView(err)
}

// retryEvery is the pause before a snapshot is asked for again that was behind.
const retryEvery = 10 * time.Millisecond

// reaching reads until what was read reflects a position, and waits at most
// WaitTime for that. WaitFor may have heard of the position from another server
// than the one that answers, which may never get there. Errors: ErrBehind, the
// context's, and once's.
func reaching[T any](ctx context.Context, atLeast uint64, once func(context.Context) (T, uint64, error)) (T, error) {
	var none T
	found, position, err := once(ctx)
	if err != nil || position >= atLeast {
		return found, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, WaitTime, ErrBehind)
	defer cancel()
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return none, context.Cause(ctx)
		}
		found, position, err = once(ctx)
		if ctx.Err() != nil {
			return none, context.Cause(ctx)
		}
		if err != nil || position >= atLeast {
			return found, err
		}
	}
}

// routed asks whose streams are to be read, as far as the read model knows at a
// position: a text each.
func routed[T any](ctx context.Context, r *Reader, atLeast uint64, parse func(string) (T, error), sql string, arguments ...any) ([]T, error) {
	return reaching(ctx, atLeast, func(ctx context.Context) ([]T, uint64, error) {
		var found []T
		position, err := r.snapshot(ctx, func(rows pgx.Rows) error {
			var err error
			found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (none T, err error) {
				var text string
				if err := row.Scan(&text); err != nil {
					return none, err
				}
				return parse(text)
			})
			return err
		}, sql, arguments...)
		return found, position, err
	})
}

// wrapped says what an error is of; nil stays nil.
func wrapped(act string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", act, err)
}
