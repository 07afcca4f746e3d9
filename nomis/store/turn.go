package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// Done removes the row of a pair whose turn left nothing to do, and reports whether it
// did. When something rang since version was read, the row stays and is due.
func (s *Store) Done(ctx context.Context, pair domain.Pair, version uuid.UUID) (bool, error) {
	tag, err := s.pool.Exec(ctx, `DELETE FROM nomis.due_pair WHERE pair = $1 AND version = $2`, pair.String(), version)
	if err != nil {
		return false, fmt.Errorf("end the turn of a pair: %w", err)
	}
	if tag.RowsAffected() > 0 {
		return true, nil
	}
	// It rang meanwhile. The turn has succeeded all the same.
	_, err = s.pool.Exec(ctx, `UPDATE nomis.due_pair SET tries = 0, problem = NULL, why = NULL WHERE pair = $1`, pair.String())
	if err != nil {
		return false, fmt.Errorf("end the turn of a pair: %w", err)
	}
	return false, nil
}

// delays are the pauses after failed turns. The last one stays.
const delaysSQL = `make_interval(secs => (ARRAY[1, 10, 60, 600])[least(tries + 1, 4)])`

// PutOff records a failed turn, and returns how many have failed in a row. The next
// turn is 1, 10, 60 and then always 600 s after now; at once when something rang since
// version was read. Errors: ErrNotDue, and faults.
func (s *Store) PutOff(ctx context.Context, pair domain.Pair, version uuid.UUID, problem Problem, now time.Time) (tries int, err error) {
	err = s.pool.QueryRow(ctx, `UPDATE nomis.due_pair SET tries = tries + 1, problem = $3, why = $4,
			not_before = CASE WHEN version = $2 THEN $5::timestamptz + `+delaysSQL+` ELSE not_before END
		WHERE pair = $1 RETURNING tries`, pair.String(), version, problem.Kind, problem.Why, now).Scan(&tries)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, ErrNotDue
	}
	if err != nil {
		return 0, fmt.Errorf("put a pair off: %w", err)
	}
	return tries, nil
}

// WaitUntil ends a turn that has nothing to do before a time, such as that at which a
// deletion is ripe. It counts as no failure. When something rang since version was
// read, the row stays due.
func (s *Store) WaitUntil(ctx context.Context, pair domain.Pair, version uuid.UUID, until time.Time) error {
	_, err := s.pool.Exec(ctx, `UPDATE nomis.due_pair SET tries = 0, problem = NULL, why = NULL,
			not_before = CASE WHEN version = $2 THEN $3 ELSE not_before END
		WHERE pair = $1`, pair.String(), version, until)
	if err != nil {
		return fmt.Errorf("let a pair wait: %w", err)
	}
	return nil
}

// Spend removes the evidence that a sequence was deleted in NOMIS, unless a message has
// named the sequence since.
func (s *Store) Spend(ctx context.Context, pair domain.Pair, spent Deletion) error {
	_, err := s.pool.Exec(ctx, `UPDATE nomis.due_pair SET deletions = deletions - $2::text
		WHERE pair = $1 AND (deletions ->> $2::text)::timestamptz <= $3`, pair.String(), strconv.Itoa(spent.Sequence), spent.ReceivedAt)
	if err != nil {
		return fmt.Errorf("spend the evidence of a deletion: %w", err)
	}
	return nil
}
