package api

import (
	"context"
	"maps"
	"strings"

	"nonassociations/domain"
	"nonassociations/queries/directory"
	"nonassociations/web/shape"
)

// Directory tells who prisoners are and where; those whom it does not know are
// left out. What it told stands, also beside an error.
type Directory interface {
	// Find may answer from what was told a minute ago.
	Find(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error)
	// FindNow asks for every number, whatever was told before.
	FindNow(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error)
	// Remembered asks nobody. It is whole when every number was answered for.
	Remembered(numbers []domain.PrisonerNumber) (people map[domain.PrisonerNumber]directory.Prisoner, whole bool)
}

// lookUp are those whom the directory knows, with whatever it could tell. That
// it is down keeps no read from answering: the numbers are there.
func (a *API) lookUp(ctx context.Context, numbers []domain.PrisonerNumber) map[domain.PrisonerNumber]directory.Prisoner {
	if a.directory == nil || len(numbers) == 0 {
		return nil
	}
	people, err := a.directory.Find(ctx, numbers)
	if err != nil {
		a.logger.WarnContext(ctx, "names are missing in an answer", "error", err)
	}
	return people
}

// lookUpNow are people for a list that leaves out those of other prisons. An
// answer that is remembered may show nobody out, since a prisoner may have been
// moved a moment ago: when it would, or when it is not whole, everybody is asked
// for again in one question. sure is false when that failed, or was not needed:
// then nobody may be left out. hides reports whether anybody would be, should
// the places be true.
func (a *API) lookUpNow(ctx context.Context, numbers []domain.PrisonerNumber, hides func(prisoners) bool) (_ prisoners, sure bool) {
	if a.directory == nil || len(numbers) == 0 {
		return nil, false
	}
	remembered, whole := a.directory.Remembered(numbers)
	if whole && !hides(remembered) {
		return remembered, false
	}
	now, err := a.directory.FindNow(ctx, numbers)
	if err == nil {
		return now, true
	}
	a.logger.WarnContext(ctx, "a list leaves out nobody: where prisoners are is not known now", "error", err)
	maps.Copy(remembered, now)
	return remembered, false
}

// prisoners are prisoners by their numbers.
type prisoners = map[domain.PrisonerNumber]directory.Prisoner

// personOf is a prisoner as an answer shows them; null is what nobody told.
func personOf(p directory.Prisoner) shape.Person {
	return shape.Person{
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
func isNameless(p shape.Person) bool { return p.FirstName == nil || p.LastName == nil }

// The directory has these two in the place of a prison for who is in none: on
// the way from one to another, and outside. Either may be in any prison within
// the hour.
const (
	inTransfer = "TRN"
	outside    = "OUT"
)

// prisonOf is the prison that an id names; "" when it names none.
func prisonOf(id string) string {
	switch id = strings.ToUpper(strings.TrimSpace(id)); id {
	case inTransfer, outside:
		return ""
	default:
		return id
	}
}

// isElsewhere tells whether a prisoner is known to be in another prison. Who is
// in none is not, and no prison is another one than none.
func isElsewhere(p directory.Prisoner, prison string) bool {
	here, there := prisonOf(prison), prisonOf(p.PrisonID)
	return here != "" && there != "" && here != there
}
