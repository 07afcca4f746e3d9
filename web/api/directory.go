package api

import (
	"context"
	"maps"
	"strings"

	"nonassociations/domain"
	"nonassociations/queries/directory"
	"nonassociations/web/shape"
)

// Directory returns names and places of prisoners. Unknown numbers are omitted. What
// it returns beside an error is valid. Implementations are safe for concurrent use.
type Directory interface {
	// Find may answer from a cache of about a minute.
	Find(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error)
	// FindNow asks for every number, whatever is cached.
	FindNow(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error)
	// Cached answers from the cache alone. whole reports whether every number is
	// in it.
	Cached(numbers []domain.PrisonerNumber) (people map[domain.PrisonerNumber]directory.Prisoner, whole bool)
}

// lookUp returns the prisoners whom the directory knows. A directory that is down
// fails no read: the answer then has numbers without names.
func (a *API) lookUp(ctx context.Context, numbers []domain.PrisonerNumber) map[domain.PrisonerNumber]directory.Prisoner {
	if a.directory == nil || len(numbers) == 0 {
		return nil
	}
	people, err := a.directory.Find(ctx, numbers)
	if err != nil {
		a.logger.WarnContext(ctx, "answer without names: prisoner directory unavailable", "error", err)
	}
	return people
}

// lookUpNow returns prisoners for a list that omits those of other prisons. A cached
// place may hide no prisoner, since a move may have happened a moment ago. So when
// the cache would hide one, or is incomplete, all numbers are asked for again in one
// call. sure is false when that call failed or was not needed: no record may then be
// omitted. hides reports whether any record would be omitted with given places.
func (a *API) lookUpNow(ctx context.Context, numbers []domain.PrisonerNumber, hides func(prisoners) bool) (_ prisoners, sure bool) {
	if a.directory == nil || len(numbers) == 0 {
		return nil, false
	}
	cached, whole := a.directory.Cached(numbers)
	if whole && !hides(cached) {
		return cached, false
	}
	now, err := a.directory.FindNow(ctx, numbers)
	if err == nil {
		return now, true
	}
	a.logger.WarnContext(ctx, "prison filter not applied: prisoner directory unavailable", "error", err)
	maps.Copy(cached, now)
	return cached, false
}

// prisoners maps prisoner numbers to what the directory knows.
type prisoners = map[domain.PrisonerNumber]directory.Prisoner

// personOf returns a prisoner as answers show them; null for what the directory does
// not know.
func personOf(p directory.Prisoner) shape.Person {
	return shape.Person{
		FirstName: orNull(p.FirstName), LastName: orNull(p.LastName),
		PrisonID: orNull(p.PrisonID), PrisonName: orNull(p.PrisonName), CellLocation: orNull(p.CellLocation),
	}
}

// orNull returns nil for "", which JSON shows as null.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// isNameless reports whether a name is missing.
func isNameless(p shape.Person) bool { return p.FirstName == nil || p.LastName == nil }

// The directory has these two in the place of a prison: in transfer between two
// prisons, and outside. Either prisoner may be in any prison within the hour.
const (
	inTransfer = "TRN"
	outside    = "OUT"
)

// prisonOf returns the prison that an id names; "" when it names none.
func prisonOf(id string) string {
	switch id = strings.ToUpper(strings.TrimSpace(id)); id {
	case inTransfer, outside:
		return ""
	default:
		return id
	}
}

// isElsewhere reports whether a prisoner is known to be in another prison than the
// given one. A prisoner in no prison is not, and there is no other prison than none.
func isElsewhere(p directory.Prisoner, prison string) bool {
	here, there := prisonOf(prison), prisonOf(p.PrisonID)
	return here != "" && there != "" && here != there
}
