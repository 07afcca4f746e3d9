package queries

import (
	"context"

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
// too whose records have all been deleted or have left. It is a router only: what
// it knows is the log up to a position. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) PairsOf(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.Pair, error) {
	pairs, err := routed(ctx, r, atLeast, domain.ParsePair, pairsOfSQL, string(number))
	return pairs, wrapped("list the pairs of a prisoner", err)
}
