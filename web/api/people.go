package api

import (
	"context"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/queries/directory"
)

// Directory tells who prisoners are and where; those whom it does not know are
// left out. What it told stands, also beside an error.
type Directory interface {
	Find(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error)
}

// people are those whom the directory knows, with whatever it could tell. That
// it is down keeps no read from answering: the numbers are there.
func (a *API) people(ctx context.Context, numbers []domain.PrisonerNumber) map[domain.PrisonerNumber]directory.Prisoner {
	if a.directory == nil || len(numbers) == 0 {
		return nil
	}
	people, err := a.directory.Find(ctx, numbers)
	if err != nil {
		a.logger.WarnContext(ctx, "names are missing in an answer", "error", err)
	}
	return people
}

// personOf is a prisoner as an answer shows them; null is what nobody told.
func personOf(p directory.Prisoner) audit.Person {
	return audit.Person{
		FirstName: orNull(p.FirstName), LastName: orNull(p.LastName),
		PrisonID: orNull(p.PrisonID), PrisonName: orNull(p.PrisonName), CellLocation: orNull(p.CellLocation),
	}
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// isNameless tells whether a name is missing.
func isNameless(p audit.Person) bool { return p.FirstName == nil || p.LastName == nil }

// isElsewhere tells whether a prisoner is known to be in another prison.
func isElsewhere(p directory.Prisoner, prison string) bool {
	return prison != "" && p.PrisonID != "" && p.PrisonID != prison
}
