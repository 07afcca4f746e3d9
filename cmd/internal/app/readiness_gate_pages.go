package app

import (
	"context"

	"nonassociations/queries"
)

// factIndex says where facts are in the log.
type factIndex interface {
	Facts(ctx context.Context, of queries.FactsRequest) (queries.FactPlaces, error)
}

// gatedFacts fails with queries.ErrNotCaughtUp while reads are refused: places of another
// log would show other facts.
type gatedFacts struct {
	gate *readinessGate
	factIndex
}

// Facts is refused while reads are.
func (f gatedFacts) Facts(ctx context.Context, of queries.FactsRequest) (queries.FactPlaces, error) {
	return ifReadsAllowed(f.gate, func() (queries.FactPlaces, error) { return f.factIndex.Facts(ctx, of) })
}
