package queries

import (
	"context"

	"nonassociations/domain"
)

// pairsOfSQL looks a number up in its two places, each by an index. Pairs in which the
// number comes first are neighbours in the primary key, where every name of a pair
// sorts before a small letter. The others are found by the second half of the name.
const pairsOfSQL = `SELECT pair FROM read.pair WHERE pair > $1 AND pair < $1 || 'a'
	UNION ALL
	SELECT pair FROM read.pair WHERE right(pair, 7) = $1
	ORDER BY pair`

// PairsOf lists the pairs of a prisoner that have facts, in sorted order. Pairs whose
// records were all deleted or transferred are among them. The result says only which
// streams to read: it reflects the log up to a position, and newer streams may exist.
// Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) PairsOf(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.Pair, error) {
	pairs, err := routed(ctx, r, atLeast, domain.ParsePair, pairsOfSQL, string(number))
	return pairs, wrapped("list the pairs of a prisoner", err)
}
