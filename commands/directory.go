package commands

import (
	"context"
	"fmt"
	"strings"

	"nonassociations/domain"
)

// Directory looks prisoners up. It is called before the loop and never between load and
// append, so that a slow directory cannot cause conflicts.
type Directory interface {
	// Missing returns the numbers that belong to no prisoner, and the numbers whose
	// prisoner has no known prison. Both are empty when all are known. An error means
	// that the directory is unavailable, and nothing is known then.
	Missing(ctx context.Context, numbers []domain.PrisonerNumber) (missing, withoutPrison []domain.PrisonerNumber, err error)
}

// MissingPrisoners is the error for a new non-association with numbers that the
// directory does not know. It lists these numbers in the order of the request.
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

// requireKnown returns an error unless both prisoners exist and have a prison. OUT and
// TRN count as prisons. The numbers in an error are in the order in which the command
// named them. Errors: MissingPrisoners, [domain.Refusal], and ErrBusy when there is no
// directory or it does not answer.
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
