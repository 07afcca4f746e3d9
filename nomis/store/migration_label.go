package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// MigrationByLabel returns the id of the run with a label, false when there is none. Of a
// run and a dry run of one second it is the run.
func (s *Store) MigrationByLabel(ctx context.Context, label string) (id uuid.UUID, is bool, err error) {
	err = s.pool.QueryRow(ctx, `SELECT id FROM nomis.migration WHERE label = $1 ORDER BY dry_run, started_at DESC LIMIT 1`, label).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, false, nil
	}
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("find a migration by its label: %w", err)
	}
	return id, true, nil
}

// MigrationLabel returns the label of a run, "" when there is none.
func (s *Store) MigrationLabel(ctx context.Context, id uuid.UUID) (label string, err error) {
	err = s.pool.QueryRow(ctx, `SELECT label FROM nomis.migration WHERE id = $1`, id).Scan(&label)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read the label of a migration: %w", err)
	}
	return label, nil
}
