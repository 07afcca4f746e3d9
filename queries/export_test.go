package queries

import (
	"context"

	"nonassociations/domain"
)

// EmptyList reads the merges of a number together with its list.
func EmptyList(ctx context.Context, r *Reader, number domain.PrisonerNumber) error {
	_, err := r.emptyList(ctx, number)
	return err
}
