package queries

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// pairsOfSQL looks for the number in its two places, each by an index: the
// names of the pairs in which it comes first lie next to each other in the
// primary key, where every name sorts before a small letter, and the others are
// found by their second half.
const pairsOfSQL = `SELECT pair FROM read.pair WHERE pair > $1 AND pair < $1 || 'a'
	UNION ALL
	SELECT pair FROM read.pair WHERE right(pair, 7) = $1
	ORDER BY pair`

// PairsOf lists the pairs of a prisoner that have facts, in sorted order, those
// too whose records have all been deleted or have left. It is a router only, as
// far as the read model is; WaitFor comes first. Errors: ErrNotCaughtUp.
func (r *Reader) PairsOf(ctx context.Context, number domain.PrisonerNumber) ([]domain.Pair, error) {
	rows, _ := r.pool.Query(ctx, pairsOfSQL, string(number)) // its error is that of the rows
	pairs, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (domain.Pair, error) {
		var name string
		if err := row.Scan(&name); err != nil {
			return domain.Pair{}, err
		}
		return domain.ParsePair(name)
	})
	if err != nil {
		return nil, fmt.Errorf("list the pairs of a prisoner: %w", answering(err))
	}
	return pairs, nil
}
