package shape

import (
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// MoveCheck is whom prisoners of a list would be too close to at a destination. Lists are
// never null.
type MoveCheck struct {
	Conflicts   []MoveConflict     `json:"conflicts"`
	CannotPlace []MoveWithoutPlace `json:"cannotPlace"`
	LeftOut     []MoveLeftOut      `json:"leftOut"`
	LocationsAt string             `json:"locationsAt"` // RFC 3339: the age of the oldest location
	Position    uint64             `json:"position"`
}

// MoveConflict is a record of somebody on the list with somebody in the prison, or of two
// on the list.
type MoveConflict struct {
	NonAssociationID    uuid.UUID             `json:"nonAssociationId"`
	PrisonerNumber      domain.PrisonerNumber `json:"prisonerNumber"`
	OtherPrisonerNumber domain.PrisonerNumber `json:"otherPrisonerNumber"`
	RestrictionType     domain.Restriction    `json:"restrictionType"`
	TypeCode            domain.TypeCode       `json:"typeCode"`
	OtherLocation       *string               `json:"otherLocation"` // null of two on the list
	Near                domain.Near           `json:"near"`
	TooClose            bool                  `json:"tooClose"`
}

// MoveWithoutPlace is a record whose other prisoner cannot be placed.
type MoveWithoutPlace struct {
	NonAssociationID    uuid.UUID             `json:"nonAssociationId"`
	PrisonerNumber      domain.PrisonerNumber `json:"prisonerNumber"`
	OtherPrisonerNumber domain.PrisonerNumber `json:"otherPrisonerNumber"`
	OtherLocation       *string               `json:"otherLocation"`
	Why                 domain.PlaceFault     `json:"why"`
}

// MoveLeftOut is a record that was not judged.
type MoveLeftOut struct {
	NonAssociationID    uuid.UUID             `json:"nonAssociationId"`
	PrisonerNumber      domain.PrisonerNumber `json:"prisonerNumber"`
	OtherPrisonerNumber domain.PrisonerNumber `json:"otherPrisonerNumber"`
	Why                 domain.LeftOutReason  `json:"why"`
	From                *string               `json:"from"` // the day on which it begins; null: it has begun
}

// MoveCheck returns a judgement as answers show it.
func (v View) MoveCheck(check domain.MoveCheck, locationsAt time.Time, position uint64) MoveCheck {
	shown := MoveCheck{
		Conflicts: []MoveConflict{}, CannotPlace: []MoveWithoutPlace{}, LeftOut: []MoveLeftOut{},
		LocationsAt: locationsAt.In(v.London).Format(time.RFC3339), Position: position,
	}
	for _, c := range check.Conflicts {
		shown.Conflicts = append(shown.Conflicts, MoveConflict{
			c.ID, c.Prisoner, c.Other, c.Restriction, c.TypeCode, orNull(c.Location), c.Near, c.TooClose,
		})
	}
	for _, c := range check.CannotPlace {
		shown.CannotPlace = append(shown.CannotPlace, MoveWithoutPlace{c.ID, c.Prisoner, c.Other, orNull(c.Location), c.Why})
	}
	for _, c := range check.LeftOut {
		shown.LeftOut = append(shown.LeftOut, MoveLeftOut{c.ID, c.Prisoner, c.Other, c.Why, orNull(c.From)})
	}
	return shown
}
