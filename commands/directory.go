package commands

import (
	"context"
	"errors"
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
	// Whereabouts returns where prisoners are, asked after the call began: a right may
	// not rest on where somebody was. Numbers that belong to no prisoner are left out. An
	// error means that the directory is unavailable, and nothing is known then.
	Whereabouts(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]domain.Whereabouts, error)
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

// ErrNotPermitted is the error for a command that its roles and caseloads do not allow.
// Nothing was stored.
var ErrNotPermitted = errors.New("the roles and caseloads do not allow this")

// admit judges an Open by what the directory says: whether both prisoners are known, and
// whether the member of staff may write about them. Errors: those of requireKnown, and
// ErrNotPermitted.
func (h *Handler) admit(ctx context.Context, act StaffCommand, open domain.Open) error {
	if act.Staff == nil {
		return h.requireKnown(ctx, act.Pair, open.FirstPrisoner)
	}
	at, err := h.whereabouts(ctx, act.Pair)
	if err != nil {
		return err
	}
	var missing, nowhere []domain.PrisonerNumber
	for _, number := range []domain.PrisonerNumber{open.FirstPrisoner, act.Pair.Other(open.FirstPrisoner)} {
		if w, known := at[number]; !known {
			missing = append(missing, number)
		} else if w.Prison == "" {
			nowhere = append(nowhere, number)
		}
	}
	if err := refuseUnknown(missing, nowhere); err != nil {
		return err
	}
	return permit(act, act.Pair, at)
}

// admitByID judges any other command, of which the pair must have been found. Errors:
// ErrBusy and ErrNotPermitted.
func (h *Handler) admitByID(ctx context.Context, act StaffCommand, pair domain.Pair) error {
	if act.Staff == nil {
		return nil
	}
	at, err := h.whereabouts(ctx, pair)
	if err != nil {
		return err
	}
	return permit(act, pair, at)
}

// whereabouts asks where both prisoners of a pair are.
func (h *Handler) whereabouts(ctx context.Context, pair domain.Pair) (map[domain.PrisonerNumber]domain.Whereabouts, error) {
	if h.directory == nil {
		return nil, errNoDirectory
	}
	numbers := pair.Numbers()
	at, err := h.directory.Whereabouts(ctx, numbers[:])
	if err != nil {
		return nil, fmt.Errorf("%w: look for the prisoners: %w", ErrBusy, err)
	}
	return at, nil
}

// permit returns ErrNotPermitted unless the member of staff may do the act. A prisoner
// whom the directory does not know is nowhere, and gives no right.
func permit(act StaffCommand, pair domain.Pair, at map[domain.PrisonerNumber]domain.Whereabouts) error {
	numbers := pair.Numbers()
	if !act.Staff.May(actOf(act.Command), at[numbers[0]], at[numbers[1]]) {
		return ErrNotPermitted
	}
	return nil
}

// actOf names a command as the rights do. It is no act for a command that is not of
// staff, and no act is ever allowed.
func actOf(command domain.Command) domain.Act {
	switch command.(type) {
	case domain.Open:
		return domain.ActAdd
	case domain.Amend:
		return domain.ActUpdate
	case domain.Close:
		return domain.ActClose
	case domain.Reopen:
		return domain.ActReopen
	case domain.Delete:
		return domain.ActDelete
	default:
		return 0
	}
}

var errNoDirectory = fmt.Errorf("%w: there is no prisoner directory to ask", ErrBusy)

// requireKnown returns an error unless both prisoners exist and have a prison. OUT and
// TRN count as prisons. The numbers in an error are in the order in which the command
// named them. Errors: MissingPrisoners, [domain.Refusal], and ErrBusy when there is no
// directory or it does not answer.
func (h *Handler) requireKnown(ctx context.Context, pair domain.Pair, first domain.PrisonerNumber) error {
	if h.directory == nil {
		return errNoDirectory
	}
	missing, nowhere, err := h.directory.Missing(ctx, []domain.PrisonerNumber{first, pair.Other(first)})
	if err != nil {
		return fmt.Errorf("%w: look for the prisoners: %w", ErrBusy, err)
	}
	return refuseUnknown(missing, nowhere)
}

// refuseUnknown returns the error for numbers that belong to nobody, else for prisoners
// without a known prison, else nil.
func refuseUnknown(missing, nowhere []domain.PrisonerNumber) error {
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
