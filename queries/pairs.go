package queries

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// pairsOfSQL reads the whole index: who asks does so when two numbers turn out
// to be one prisoner, which is rare.
const pairsOfSQL = `SELECT pair FROM read.pair WHERE left(pair, 7) = $1 OR right(pair, 7) = $1 ORDER BY pair`

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
