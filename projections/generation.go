package projections

import (
	"context"

	"nonassociations/projections/generation"
)

// Generation numbers one build of the read model.
type Generation = generation.Number

// FirstGeneration is the generation that is built where there is none.
const FirstGeneration = generation.First

// Generations returns all generations that have tables, the oldest first. It needs the
// right to read their checkpoints.
func Generations(ctx context.Context, db generation.Querier) ([]generation.State, error) {
	return generation.All(ctx, db)
}
