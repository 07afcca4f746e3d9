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
	// Missing lists those of the numbers that nobody has, and those whose
	// prison is not known; an error means that nobody can say now.
	Missing(ctx context.Context, numbers []domain.PrisonerNumber) (missing, nowhere []domain.PrisonerNumber, err error)
}

// MissingPrisoners refuses a new non-association of prisoners whom the
// directory does not know.
type MissingPrisoners []domain.PrisonerNumber

func (m MissingPrisoners) Error() string {
	return "Could not find the following prisoners: " + list(m)
}

func list(numbers []domain.PrisonerNumber) string {
	texts := make([]string, len(numbers))
	for i, number := range numbers {
		texts[i] = string(number)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// requireKnown asks for both prisoners, in the order in which they were named:
// both must exist and be of some prison, also if it is outside or in transit.
func (h *Handler) requireKnown(ctx context.Context, pair domain.Pair, first domain.PrisonerNumber) error {
	if h.directory == nil {
		return fmt.Errorf("%w: there is no prisoner directory to ask", ErrBusy)
	}
	missing, nowhere, err := h.directory.Missing(ctx, []domain.PrisonerNumber{first, pair.Other(first)})
	if err != nil {
		return fmt.Errorf("%w: look for the prisoners: %w", ErrBusy, err)
	}
	if len(missing) > 0 {
		return MissingPrisoners(missing)
	}
	if len(nowhere) > 0 {
		return domain.Refusal{
			Code:    domain.CodeNoPrison,
			Message: "Non-association cannot be created when prisoner locations are null: " + list(nowhere),
		}
	}
	return nil
}
