package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// OpenDifferences returns how many open differences each pair has. It reads at most so
// many differences; whole is false when there are more, and the counts then mean
// nothing.
func (s *Store) OpenDifferences(ctx context.Context, most int) (_ map[domain.Pair]int, whole bool, err error) {
	rows, err := s.pool.Query(ctx, `SELECT pair FROM nomis.difference WHERE state = 'OPEN' LIMIT $1`, most+1)
	if err != nil {
		return nil, false, fmt.Errorf("count the open differences: %w", err)
	}
	open, read, text := map[domain.Pair]int{}, 0, ""
	_, err = pgx.ForEachRow(rows, []any{&text}, func() error {
		pair, err := domain.ParsePair(text)
		open[pair]++
		read++
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("count the open differences: %w", err)
	}
	return open, read <= most, nil
}
