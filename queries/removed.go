package queries

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// survivorsSQL follows each number from merge to merge. Where they lead round in
// a circle, after one of them was taken back, the number at which the circle
// closes counts.
const survivorsSQL = `WITH RECURSIVE way(asked, number, passed, closed) AS (
		SELECT n COLLATE "C", n COLLATE "C", ARRAY[n COLLATE "C"], false FROM unnest($1::text[]) n
		UNION ALL
		SELECT w.asked, m.survivor, w.passed || m.survivor, m.survivor = ANY (w.passed) FROM way w
		CROSS JOIN LATERAL (SELECT survivor FROM read.merge
			WHERE removed = w.number AND NOT taken_back ORDER BY position DESC LIMIT 1) m
		WHERE NOT w.closed
	)
	SELECT DISTINCT ON (asked) asked, number FROM way ORDER BY asked, cardinality(passed) DESC`

// Survivors maps each of the numbers that is removed to the number that
// survives at the end of its merges; others are left out. Errors: ErrNotCaughtUp.
func (r *Reader) Survivors(ctx context.Context, numbers ...domain.PrisonerNumber) (map[domain.PrisonerNumber]domain.PrisonerNumber, error) {
	rows, _ := r.pool.Query(ctx, survivorsSQL, texts(numbers)) // its error is that of the rows
	survivors := map[domain.PrisonerNumber]domain.PrisonerNumber{}
	var asked, number string
	_, err := pgx.ForEachRow(rows, []any{&asked, &number}, func() error {
		if asked != number {
			survivors[domain.PrisonerNumber(asked)] = domain.PrisonerNumber(number)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find the numbers that survive: %w", answering(err))
	}
	return survivors, nil
}

const mergedWithSQL = `SELECT removed FROM read.merge WHERE removed = $1 OR survivor = $1 GROUP BY removed ORDER BY removed`

// MergedWith lists the removed numbers whose own streams tell of the number:
// itself, and those that were merged into it, also where that was taken back.
// It is a router only, as far as the read model is. Errors: ErrNotCaughtUp.
func (r *Reader) MergedWith(ctx context.Context, number domain.PrisonerNumber) ([]domain.PrisonerNumber, error) {
	rows, _ := r.pool.Query(ctx, mergedWithSQL, string(number)) // its error is that of the rows
	numbers, err := pgx.CollectRows(rows, pgx.RowTo[domain.PrisonerNumber])
	if err != nil {
		return nil, fmt.Errorf("list the merges of a prisoner: %w", answering(err))
	}
	return numbers, nil
}
