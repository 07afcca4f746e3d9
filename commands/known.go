package commands

import (
	"context"
	"fmt"
	"strings"

	"nonassociations/domain"
)

// Directory tells whether prisoners are known. It is asked before the loop,
// never between load and append.
type Directory interface {
	// Missing lists those of the numbers that nobody has; an error means that
	// nobody can say now.
	Missing(ctx context.Context, numbers []domain.PrisonerNumber) ([]domain.PrisonerNumber, error)
}

// MissingPrisoners refuses a new non-association of prisoners whom the
// directory does not know.
type MissingPrisoners []domain.PrisonerNumber

func (m MissingPrisoners) Error() string {
	numbers := make([]string, len(m))
	for i, number := range m {
		numbers[i] = string(number)
	}
	return "Could not find the following prisoners: [" + strings.Join(numbers, ", ") + "]"
}

// mustBeKnown asks for both prisoners, in the order in which they were named.
func (h *Handler) mustBeKnown(ctx context.Context, pair domain.Pair, first domain.PrisonerNumber) error {
	if h.directory == nil {
		return fmt.Errorf("%w: there is no prisoner directory to ask", ErrBusy)
	}
	missing, err := h.directory.Missing(ctx, []domain.PrisonerNumber{first, pair.Other(first)})
	if err != nil {
		return fmt.Errorf("%w: look for the prisoners: %w", ErrBusy, err)
	}
	if len(missing) > 0 {
		return MissingPrisoners(missing)
	}
	return nil
}
