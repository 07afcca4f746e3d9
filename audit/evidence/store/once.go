package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Errors by which an act says how it ended. Any other error is a fault.
var (
	// ErrRefused is wrapped by the error of an act that a rule refused: nothing was changed.
	ErrRefused = errors.New("the act is refused")
	// ErrNotBegun is wrapped by the error of an act that was not even tried, and is not
	// recorded.
	ErrNotBegun = errors.New("the act was not begun")
)

// recordTime bounds the recording of an act that has ended.
const recordTime = 5 * time.Second

// Once does an act and records it with its outcome, unless the act with this id is done
// already: then it returns that one, and changes nothing. Of several calls at the same
// time, also of other processes, one does it and the others wait. do returns the sentence
// of what was done. An act that failed gets another id, so that it can be tried again.
// Nothing is done that could not be recorded, as far as that can be known before. Errors:
// that of do, and those of Postgres.
func (s *Store) Once(ctx context.Context, a Action, do func(context.Context) (done string, err error)) (Action, error) {
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return a, fmt.Errorf("begin the act of an operator: %w", err)
	}
	ending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer func() { _ = tx.Rollback(ending) }() // after a commit it does nothing
	if earlier, is, err := lockedBy(ctx, tx, a); err != nil || is {
		return earlier, err
	}
	a.Done, err = do(ctx)
	if errors.Is(err, ErrNotBegun) {
		return a, err
	}
	a.Outcome = outcomeOf(err)
	if err != nil {
		a.ID, a.Done = uuid.New(), ""
	}
	recording, stop := context.WithTimeout(ending, recordTime)
	defer stop()
	_, unrecorded := tx.Exec(recording, insertSQL, a.values()...)
	if unrecorded == nil {
		unrecorded = tx.Commit(recording)
	}
	if unrecorded != nil {
		unrecorded = fmt.Errorf("the act has ended and is not in evidence.action: %w", unrecorded)
	}
	return a, errors.Join(err, unrecorded)
}

// lockedBy waits for other calls with the id, and returns the act if it is done by then.
func lockedBy(ctx context.Context, tx pgx.Tx, a Action) (earlier Action, is bool, err error) {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('evidence.action ' || $1, 0))`, a.ID.String()); err != nil {
		return a, false, fmt.Errorf("wait for the same act: %w", err)
	}
	rows, err := tx.Query(ctx, `SELECT `+columns+` FROM evidence.action WHERE id = $1`, a.ID)
	if err != nil {
		return a, false, fmt.Errorf("look for the same act: %w", err)
	}
	earlier, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Action])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return a, false, nil
	case err != nil:
		return a, false, fmt.Errorf("look for the same act: %w", err)
	case earlier.User != a.User || earlier.Action != a.Action || earlier.Object != a.Object:
		return a, false, fmt.Errorf("%w: its id is of another act", ErrNotBegun)
	}
	return earlier, true, nil
}

func outcomeOf(err error) Outcome {
	switch {
	case err == nil:
		return Done
	case errors.Is(err, ErrRefused):
		return Refused
	}
	return Failed
}
