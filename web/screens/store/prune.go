package store

import (
	"context"
	"fmt"
	"time"
)

// Limits are how long rows count.
type Limits struct {
	Lifetime time.Duration // of a session, and of its row after the end
	Idle     time.Duration // of a session without a request
	Attempt  time.Duration // of a sign-in that does not come back
	KeepForm time.Duration
}

// Prune ends the sessions whose time is over and removes the rows that no longer count.
// Several processes may prune at once.
func (s *Store) Prune(ctx context.Context, now time.Time, l Limits) error {
	for _, one := range []struct {
		sql  string
		args []any
	}{
		// A session without requests ends too: its tokens must not outlive it.
		{`UPDATE screens.session SET tokens = NULL, ended_at = least(began_at + $2::interval, seen_at + $3::interval)
			WHERE ended_at IS NULL AND least(began_at + $2::interval, seen_at + $3::interval) <= $1`, []any{now, l.Lifetime, l.Idle}},
		{`DELETE FROM screens.session WHERE ended_at <= $1`, []any{now.Add(-l.Lifetime)}},
		{`DELETE FROM screens.sign_in_attempt WHERE began_at <= $1`, []any{now.Add(-l.Attempt)}},
		{`DELETE FROM screens.kept_form WHERE kept_at <= $1`, []any{now.Add(-l.KeepForm)}},
	} {
		if _, err := s.pool.Exec(ctx, one.sql, one.args...); err != nil {
			return fmt.Errorf("remove old rows of sessions: %w", err)
		}
	}
	return nil
}
