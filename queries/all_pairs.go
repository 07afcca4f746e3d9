package queries

import (
	"context"

	"nonassociations/domain"
)

const allPairsSQL = `SELECT pair FROM read.pair WHERE pair > $1 ORDER BY pair LIMIT $2`

// AllPairs lists up to most pairs that have facts and come after one in sorted order; the
// zero Pair is before all. Pairs whose records were all deleted or transferred are among
// them. Every pair that has facts up to atLeast is found by calls one after the other.
// Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) AllPairs(ctx context.Context, after domain.Pair, most int, atLeast uint64) ([]domain.Pair, error) {
	from := ""
	if after != (domain.Pair{}) {
		from = after.String()
	}
	pairs, err := routed(ctx, r, atLeast, domain.ParsePair, allPairsSQL, from, most)
	return pairs, wrapped("list all pairs", err)
}
