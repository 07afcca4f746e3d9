package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// GiveBack notes that a take would give records of a pair a form back that they had
// before, and returns how many records of all pairs have done so within a time until
// now. It is counted once for a pair: a repeat replaces what was noted.
func (s *Store) GiveBack(ctx context.Context, now time.Time, within time.Duration, pair domain.Pair, records int) (int, error) {
	var count int
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM nomis.given_back WHERE at < $1`, now.Add(-within)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO nomis.given_back (pair, at, records) VALUES ($1, $2, $3)
			ON CONFLICT (pair) DO UPDATE SET at = excluded.at, records = excluded.records`, pair.String(), now, records); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT coalesce(sum(records), 0) FROM nomis.given_back WHERE at > $1`, now.Add(-within)).Scan(&count)
	})
	if err != nil {
		return 0, fmt.Errorf("count the records that NOMIS gives back: %w", err)
	}
	return count, nil
}
