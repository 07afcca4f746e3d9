package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// LearnAuthor keeps a name by which NOMIS records what this service writes. A name that is
// there already changes nothing.
func (s *Store) LearnAuthor(ctx context.Context, name string, now time.Time) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO nomis.own_author (name, first_seen) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, now)
	if err != nil {
		return fmt.Errorf("keep the name of the service in NOMIS: %w", err)
	}
	return nil
}

// Authors returns the names that were learned, in their order.
func (s *Store) Authors(ctx context.Context) ([]string, error) {
	rows, err := s.pool.Query(ctx, `SELECT name FROM nomis.own_author ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("read the names of the service in NOMIS: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read the names of the service in NOMIS: %w", err)
	}
	return names, nil
}
