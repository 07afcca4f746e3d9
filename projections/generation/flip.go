package generation

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	viewsCompleteSQL = `SELECT bool_and(to_regclass('read.' || name) IS NOT NULL)
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('read.checkpoint') AND attname = 'renewals')
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('read.non_association') AND attname = 'differs_since')
		FROM unnest('{checkpoint,fact_index,mapping,merge,non_association,pair,prisoner}'::text[]) name`
	answerSQL = `UPDATE {schema}.checkpoint SET answers = true, kept = false, caught_up = true WHERE name = $1`
	keepSQL   = `UPDATE {schema}.checkpoint SET answers = false, kept = true WHERE name = $1`
	lockSQL   = `SELECT FROM {schema}.checkpoint WHERE name = $1 FOR UPDATE`
	tellSQL   = `SELECT pg_notify('read', $1::int || ' ' || $2::bigint)`
)

// Publish lets a generation answer, unless one answers already. Views of an older build
// are replaced. It must be the last statement of its transaction, because it may switch
// the role.
func Publish(ctx context.Context, tx pgx.Tx, n Number) error {
	var complete bool
	if err := tx.QueryRow(ctx, viewsCompleteSQL).Scan(&complete); err != nil {
		return fmt.Errorf("look for the read model's views: %w", err)
	}
	if complete {
		return nil
	}
	return answer(ctx, tx, n)
}

// answer puts the views on a generation. Readers have rights on the views through their
// owner (deploy/postgres/roles.sql).
func answer(ctx context.Context, tx pgx.Tx, n Number) error {
	if err := AsOwner(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, n.SQL(answerSQL), Projection); err != nil {
		return fmt.Errorf("let the generation %s answer: %w", n.Schema(), err)
	}
	if _, err := tx.Exec(ctx, viewsSQL(n)); err != nil {
		return fmt.Errorf("publish the read model: %w", err)
	}
	return nil
}

// Lock holds the checkpoint of a generation until the end of the transaction: nobody
// moves it meanwhile. It waits for at most 200 ms, and so does every further statement
// of the transaction.
func Lock(ctx context.Context, tx pgx.Tx, n Number) (State, error) {
	if _, err := tx.Exec(ctx, `SET LOCAL lock_timeout = '200ms'`); err != nil {
		return State{}, fmt.Errorf("limit the wait for locks: %w", err)
	}
	if _, err := tx.Exec(ctx, n.SQL(lockSQL), Projection); err != nil {
		return State{}, fmt.Errorf("hold the checkpoint of %s: %w", n.Schema(), err)
	}
	all, err := All(ctx, tx)
	if err != nil {
		return State{}, err
	}
	for _, s := range all {
		if s.Number == n {
			return s, nil
		}
	}
	return State{}, fmt.Errorf("%w: %s has no checkpoint", ErrGone, n.Schema())
}

// ErrGone says that a generation was dropped by another session.
var ErrGone = errors.New("the generation is gone")

// Flip lets the generation to answer from the commit of the transaction on, and keeps
// the generation from, which must be held by Lock; from is 0 where none answers.
// Position is the public one of to; whoever listens is told. It must be the last
// statement of its transaction, because it may switch the role.
func Flip(ctx context.Context, tx pgx.Tx, from, to Number, position uint64) error {
	if err := AsOwner(ctx, tx); err != nil {
		return err
	}
	if from != 0 {
		if _, err := tx.Exec(ctx, from.SQL(keepSQL), Projection); err != nil {
			return fmt.Errorf("keep the generation %s: %w", from.Schema(), err)
		}
	}
	if err := answer(ctx, tx, to); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, tellSQL, int(to), int64(position)); err != nil { //nolint:gosec // positions stay below 2⁶³
		return fmt.Errorf("tell of the flip: %w", err)
	}
	return nil
}

// IsKept reports whether a checkpoint did not move because its generation is kept.
func IsKept(err error) bool { return hasCode(err, "RD002") }

// IsLocked reports whether a statement gave up because other sessions hold a lock.
// Trying again helps.
func IsLocked(err error) bool { return hasCode(err, "55P03") || hasCode(err, "40P01") }

func hasCode(err error, code string) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == code
}
