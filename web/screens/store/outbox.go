package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// UnsentView is a view that the audit queue has not taken yet.
type UnsentView struct {
	View

	Attempts int // to send it, this one included
}

// ClaimViews returns at most limit views to be sent, the oldest first, and keeps other
// senders from them until a time. Who does not mark one as sent until then leaves it to
// the next: each view is sent at least once.
func (s *Store) ClaimViews(ctx context.Context, now, until time.Time, limit int) ([]UnsentView, error) {
	const sql = `WITH due AS (
			SELECT view_id FROM screens.unsent_view JOIN screens.view ON id = view_id WHERE claimed_until <= $1
			ORDER BY at, view_id LIMIT $3 FOR UPDATE OF unsent_view SKIP LOCKED),
		claimed AS (
			UPDATE screens.unsent_view SET claimed_until = $2, attempts = attempts + 1 WHERE view_id IN (SELECT view_id FROM due)
			RETURNING view_id, attempts)
		SELECT ` + viewColumns + `, attempts FROM claimed JOIN screens.view ON id = view_id ORDER BY at, id`
	rows, err := s.pool.Query(ctx, sql, now, until, limit)
	var views []UnsentView
	if err == nil {
		views, err = pgx.CollectRows(rows, scanUnsent)
	}
	if err != nil {
		return nil, fmt.Errorf("claim views to send: %w", err)
	}
	return views, nil
}

// attemptsLast lets scanView read a row that has one more column.
type attemptsLast struct {
	pgx.CollectableRow

	attempts *int
}

// Scan reads the columns of a view, and then the attempts.
func (r attemptsLast) Scan(dest ...any) error {
	return r.CollectableRow.Scan(append(dest, r.attempts)...)
}

func scanUnsent(row pgx.CollectableRow) (u UnsentView, err error) {
	u.View, err = scanView(attemptsLast{row, &u.Attempts})
	return u, err
}

// MarkSent records that the audit queue has taken views.
func (s *Store) MarkSent(ctx context.Context, views ...uuid.UUID) error {
	if _, err := s.pool.Exec(ctx, `DELETE FROM screens.unsent_view WHERE view_id = ANY($1)`, views); err != nil {
		return fmt.Errorf("mark views as sent: %w", err)
	}
	return nil
}

// ReleaseViews lets claimed views be sent again from a time on.
func (s *Store) ReleaseViews(ctx context.Context, from time.Time, views ...uuid.UUID) error {
	const sql = `UPDATE screens.unsent_view SET claimed_until = $2 WHERE view_id = ANY($1)`
	if _, err := s.pool.Exec(ctx, sql, views, from); err != nil {
		return fmt.Errorf("release views: %w", err)
	}
	return nil
}

// UnsentViews returns how many views have not been sent, and the time of the oldest; zero
// when there is none.
func (s *Store) UnsentViews(ctx context.Context) (count int, oldest time.Time, err error) {
	const sql = `SELECT count(*), min(at) FROM screens.unsent_view JOIN screens.view ON id = view_id`
	var at *time.Time
	if err := s.pool.QueryRow(ctx, sql).Scan(&count, &at); err != nil {
		return 0, time.Time{}, fmt.Errorf("count the views to send: %w", err)
	}
	if at != nil {
		oldest = *at
	}
	return count, oldest, nil
}

// Executor is a pool, a connection or a transaction.
type Executor interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
}

// PruneViews removes the views from before a time, and returns how many. With sentOnly
// those stay that the audit queue has not taken yet. It is a command of operators, whose
// role alone may remove views.
func PruneViews(ctx context.Context, db Executor, before time.Time, sentOnly bool) (removed int, err error) {
	const sql = `DELETE FROM screens.view WHERE at < $1
		AND NOT ($2 AND EXISTS (SELECT FROM screens.unsent_view WHERE view_id = id))`
	tag, err := db.Exec(ctx, sql, before, sentOnly)
	if err != nil {
		return 0, fmt.Errorf("remove old views: %w", err)
	}
	return int(tag.RowsAffected()), nil
}
