package directory

import (
	"context"
	"strings"

	"nonassociations/domain"
)

// Whereabouts returns where the prisoner is, as rights depend on it.
func (p Prisoner) Whereabouts() domain.Whereabouts {
	return domain.Whereabouts{
		Prison: prisonID(p.PrisonID), RestrictedPatient: p.RestrictedPatient, SupportingPrison: prisonID(p.SupportingPrisonID),
	}
}

// prisonID returns the id in the form in which ids are compared.
func prisonID(text string) domain.PrisonID {
	return domain.PrisonID(strings.ToUpper(strings.TrimSpace(text)))
}

// Whereabouts returns where prisoners are, asked now. Unknown numbers are left out.
// Errors: as Find, and nothing is returned beside them.
func (d *Directory) Whereabouts(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]domain.Whereabouts, error) {
	found, err := d.FindNow(ctx, numbers)
	if err != nil {
		return nil, err
	}
	at := make(map[domain.PrisonerNumber]domain.Whereabouts, len(found))
	for number, prisoner := range found {
		at[number] = prisoner.Whereabouts()
	}
	return at, nil
}
