package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// MigrationProgress is what a run has come to since the last one.
type MigrationProgress struct {
	Estimated *int  // pairs; nil leaves it as it was
	Sweeps    int   // whole ones, to be added
	Requests  int64 // to NOMIS, to be added
	Listed    bool  // all pairs are known from now on
}

// Progress adds to the numbers of a run and returns its status. Errors: ErrNoMigration,
// and faults.
func (s *Store) Progress(ctx context.Context, id uuid.UUID, p MigrationProgress) (MigrationStatus, error) {
	rows, err := s.pool.Query(ctx, `UPDATE nomis.migration SET estimated = coalesce($2, estimated), sweeps = sweeps + $3,
			requests = requests + $4, listed = listed OR $5
		WHERE id = $1 RETURNING status`, id, p.Estimated, p.Sweeps, p.Requests, p.Listed)
	if err != nil {
		return "", fmt.Errorf("keep the progress of a migration: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[MigrationStatus])
	switch {
	case err != nil:
		return "", fmt.Errorf("keep the progress of a migration: %w", err)
	case len(all) == 0:
		return "", ErrNoMigration
	}
	return all[0], nil
}

// EndMigration ends a run: as cancelled when that was asked for and a pair has no outcome
// or is not known, else as completed. One that has ended stays as it is.
func (s *Store) EndMigration(ctx context.Context, id uuid.UUID, now time.Time) error {
	_, err := s.pool.Exec(ctx, `UPDATE nomis.migration SET ended_at = $2, status = CASE
			WHEN listed AND NOT EXISTS (SELECT FROM nomis.migration_pair WHERE migration_id = $1 AND outcome IS NULL) THEN 'COMPLETED'
			ELSE 'CANCELLED' END
		WHERE id = $1 AND ended_at IS NULL`, id, now)
	if err != nil {
		return fmt.Errorf("end a migration: %w", err)
	}
	return nil
}

// RangSince returns those of the pairs whose bell rang at a time or later and whose turn
// has not ended since.
func (s *Store) RangSince(ctx context.Context, pairs []ListedPair, since time.Time) (map[ListedPair]bool, error) {
	names := make([]string, len(pairs))
	byName := map[string]ListedPair{}
	for i, pair := range pairs {
		names[i] = pair[0] + "_" + pair[1]
		byName[names[i]] = pair
	}
	rows, err := s.pool.Query(ctx, `SELECT pair FROM nomis.due_pair WHERE pair = ANY($1) AND last_ring >= $2`, names, since)
	if err != nil {
		return nil, fmt.Errorf("read which pairs rang: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read which pairs rang: %w", err)
	}
	rang := map[ListedPair]bool{}
	for _, name := range found {
		rang[byName[name]] = true
	}
	return rang, nil
}
