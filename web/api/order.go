package api

import (
	"cmp"
	"slices"
	"strings"

	"nonassociations/web/shape"
)

// sortBy is a value of the parameter sortBy of a prisoner's list. Names and places are
// those of the other prisoner.
type sortBy string

const (
	whenCreated  sortBy = "WHEN_CREATED"
	whenUpdated  sortBy = "WHEN_UPDATED"
	whenClosed   sortBy = "WHEN_CLOSED"
	lastName     sortBy = "LAST_NAME"
	firstName    sortBy = "FIRST_NAME"
	otherNumber  sortBy = "PRISONER_NUMBER"
	prisonID     sortBy = "PRISON_ID"
	prisonName   sortBy = "PRISON_NAME"
	cellLocation sortBy = "CELL_LOCATION"
)

// sorts are all values of sortBy, in the order of the error text.
var sorts = []sortBy{
	whenCreated, whenUpdated, whenClosed, lastName, firstName, otherNumber, prisonID, prisonName, cellLocation,
}

// direction is a value of sortDirection.
type direction string

const (
	ascending  direction = "ASC"
	descending direction = "DESC"
)

// directions are all values of sortDirection.
var directions = []direction{ascending, descending}

// order is the order of a prisoner's list.
type order struct {
	by        sortBy
	direction direction
}

// orderOf reads the parameters sortBy and sortDirection. By default times are newest
// first and texts from A to Z.
func orderOf(p *parameters) order {
	by, otherwise := choice(p, "sortBy", sorts, whenCreated), ascending
	// The defaults are those of the service that this one replaces.
	if slices.Contains([]sortBy{whenCreated, whenUpdated, whenClosed}, by) {
		otherwise = descending
	}
	return order{by, choice(p, "sortDirection", directions, otherwise)}
}

// compare sorts records without a value last, in either direction, and equal ones by
// whenCreated, newest first.
func (o order) compare(a, b shape.PrisonerView) int {
	one, other := o.key(a), o.key(b)
	var c int
	switch {
	case one != nil && other != nil:
		c = strings.Compare(*one, *other)
	// A missing value is neither first nor last in any alphabet. It goes to the end in
	// both directions, where it does not push records with values off the screen.
	case one != nil:
		return -1
	case other != nil:
		return 1
	}
	if o.direction == descending {
		c = -c
	}
	// The id is the last resort, which makes the order total: two requests never list
	// equal records in different orders, and the entity tag stays the same.
	return cmp.Or(c, strings.Compare(b.WhenCreated, a.WhenCreated), slices.Compare(a.ID[:], b.ID[:]))
}

// key returns the value that a record is sorted by; nil when it has none.
func (o order) key(s shape.PrisonerView) *string {
	other := s.OtherPrisonerDetails
	switch o.by {
	case whenUpdated:
		return &s.WhenUpdated
	case whenClosed:
		if s.ClosedAt == nil {
			return nil
		}
		return orNull(string(*s.ClosedAt))
	case lastName:
		return lowerCase(other.LastName)
	case firstName:
		return lowerCase(other.FirstName)
	case otherNumber:
		return orNull(string(other.PrisonerNumber))
	case prisonID:
		return other.PrisonID
	case prisonName:
		return lowerCase(other.PrisonName)
	case cellLocation:
		return other.CellLocation
	default:
		return &s.WhenCreated
	}
}

// lowerCase makes the order of names independent of case.
func lowerCase(name *string) *string {
	if name == nil {
		return nil
	}
	return orNull(strings.ToLower(*name))
}
