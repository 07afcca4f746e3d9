package queries

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
)

// shape is the oldest shape of the read model that this build reads. It is the Shape of
// projections/generation, which queries does not import.
const shape = "1"

// errNoRow says that the views show no checkpoint. A snapshot that is older than a flip
// shows none, and the next snapshot does.
var errNoRow = fmt.Errorf("%w: the views show no checkpoint", ErrNotCaughtUp)

const (
	// rowPosition is the public position of the rows of the same snapshot. A
	// checkpoint that stands before the event at its commit is written as the number
	// before it.
	rowPosition = `CASE WHEN c.prepare < c."commit" THEN c."commit" - 1 ELSE c."commit" END`
	positionSQL = `SELECT ` + rowPosition + checkpointSQL
	// positionFirst is the position as the first item of FROM, NULL for none. A statement
	// locks the views in the order of FROM, and a flip replaces the checkpoint's first. In
	// another order a read and a flip would each hold the view that the other waits for.
	positionFirst = `(SELECT (` + positionSQL + `) AS position) at`
	// checkpointSQL selects the checkpoint of a read model that this build understands.
	// Tables of an older shape mean something else: they count as none.
	checkpointSQL = ` FROM read.checkpoint c WHERE c.shape >= ` + shape
)

// snapshot reads rows and their position in one round trip and one snapshot.
//
// The statements of a batch are one transaction, and every transaction of the pool is
// REPEATABLE READ (ADR 0018). So the position is that of the rows, whichever server answers and
// whatever is committed meanwhile. Errors: ErrNotCaughtUp, and those of read.
func (r *Reader) snapshot(ctx context.Context, read func(pgx.Rows) error, sql string, arguments ...any) (position uint64, err error) {
	batch := &pgx.Batch{}
	batch.Queue(positionSQL).QueryRow(func(row pgx.Row) error { return row.Scan(&position) })
	batch.Queue(sql, arguments...).Query(read)
	err = r.pool.SendBatch(ctx, batch).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, errNoRow
	}
	return position, mapFault(err)
}

// retryEvery is the pause before a snapshot that was behind is read again.
const retryEvery = 10 * time.Millisecond

// flips is how often a read is repeated that found no checkpoint. Once is enough after a
// flip; the rest is for a second one.
const flips = 2

// reaching calls once until what it read reflects a position, for at most the wait time
// of the Reader after the first call.
//
// WaitFor alone is not enough: the position may have come from another server than the
// one that answers this read, a standby for example, which may never reach it. Errors:
// ErrBehind, those of once, and the cause of the context's end.
func reaching[T any](ctx context.Context, r *Reader, atLeast uint64, once func(context.Context) (T, uint64, error)) (T, error) {
	found, position, err := once(ctx)
	for range flips {
		if !errors.Is(err, errNoRow) {
			break
		}
		found, position, err = once(ctx)
	}
	if err != nil || position >= atLeast {
		return found, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.waitTime, ErrBehind)
	defer cancel()
	again := func() (T, error) {
		var none T
		found, position, err := once(ctx)
		switch {
		case ctx.Err() != nil:
			return none, context.Cause(ctx)
		case errors.Is(err, errNoRow): // a flip came in between
			return none, err
		case err != nil:
			return found, backoff.Permanent(err)
		case position < atLeast:
			return none, ErrBehind
		}
		return found, nil
	}
	return backoff.Retry(ctx, again, backoff.WithBackOff(backoff.NewConstantBackOff(retryEvery)), backoff.WithMaxElapsedTime(0))
}

// routed reads which streams concern a prisoner or an id, as far as the read model
// knows at a position. Each row is one text, which parse turns into a T.
func routed[T any](ctx context.Context, r *Reader, atLeast uint64, parse func(string) (T, error), sql string, arguments ...any) ([]T, error) {
	return reaching(ctx, r, atLeast, func(ctx context.Context) ([]T, uint64, error) {
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

// wrapped adds the name of the operation to an error; nil stays nil.
func wrapped(operation string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", operation, err)
}
