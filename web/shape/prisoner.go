package shape

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// Person is what the prisoner directory adds to a number. A value is null where the
// directory does not know it or did not answer.
type Person struct {
	FirstName    *string `json:"firstName"`
	LastName     *string `json:"lastName"`
	PrisonID     *string `json:"prisonId"`
	PrisonName   *string `json:"prisonName"`
	CellLocation *string `json:"cellLocation"`
}

// PrisonerList lists non-associations as seen from one prisoner: items are
// PrisonerView, and SubjectItem for subject access. The counts are of open and closed
// ones, whichever of them are listed.
type PrisonerList[Item any] struct {
	PrisonerNumber domain.PrisonerNumber `json:"prisonerNumber"`
	Person

	OpenCount       int    `json:"openCount"`
	ClosedCount     int    `json:"closedCount"`
	NonAssociations []Item `json:"nonAssociations"`       // never null
	NamesMissing    bool   `json:"namesMissing,omitzero"` // the directory did not name every prisoner
}

// PrisonerView is a non-association as seen from one of its prisoners.
type PrisonerView struct {
	ID                         uuid.UUID             `json:"id"`
	Role                       domain.Role           `json:"role"`
	RoleDescription            string                `json:"roleDescription"`
	Reason                     domain.Reason         `json:"reason"`
	ReasonDescription          string                `json:"reasonDescription"`
	RestrictionType            domain.Restriction    `json:"restrictionType"`
	RestrictionTypeDescription string                `json:"restrictionTypeDescription"`
	Comment                    *string               `json:"comment"`
	AuthorisedBy               *string               `json:"authorisedBy"`
	WhenCreated                string                `json:"whenCreated"`
	WhenUpdated                string                `json:"whenUpdated"`
	UpdatedBy                  string                `json:"updatedBy"`
	IsClosed                   bool                  `json:"isClosed"`
	ClosedBy                   *string               `json:"closedBy"`
	ClosedReason               *string               `json:"closedReason"`
	ClosedAt                   *domain.LocalDateTime `json:"closedAt"`
	IsOpen                     bool                  `json:"isOpen"`
	OtherPrisonerDetails       Other                 `json:"otherPrisonerDetails"`
}

// Other is the other prisoner of the pair.
type Other struct {
	PrisonerNumber  domain.PrisonerNumber `json:"prisonerNumber"`
	Role            domain.Role           `json:"role"`
	RoleDescription string                `json:"roleDescription"`
	Person
}

// PrisonerView returns a record of a pair as seen from one of its two prisoners.
func (v View) PrisonerView(pair domain.Pair, of domain.PrisonerNumber, n domain.NonAssociation) PrisonerView {
	shape, other := v.NonAssociation(pair, n), pair.Other(of)
	return PrisonerView{
		ID: shape.ID, Role: n.Sides[of].Role, RoleDescription: describe(domain.Roles(), n.Sides[of].Role),
		Reason: shape.Reason, ReasonDescription: shape.ReasonDescription,
		RestrictionType: shape.RestrictionType, RestrictionTypeDescription: shape.RestrictionTypeDescription,
		Comment: shape.Comment, AuthorisedBy: n.AuthorisedBy,
		WhenCreated: shape.WhenCreated, WhenUpdated: shape.WhenUpdated, UpdatedBy: shape.UpdatedBy,
		IsClosed: shape.IsClosed, ClosedBy: shape.ClosedBy, ClosedReason: shape.ClosedReason, ClosedAt: shape.ClosedAt,
		IsOpen: shape.IsOpen,
		OtherPrisonerDetails: Other{
			PrisonerNumber: other, Role: n.Sides[other].Role,
			RoleDescription: describe(domain.Roles(), n.Sides[other].Role),
		},
	}
}

// NewestFirst compares by whenCreated, newest first, then by id: the default order of
// the staff's lists.
func NewestFirst(a, b PrisonerView) int {
	if c := strings.Compare(b.WhenCreated, a.WhenCreated); c != 0 {
		return c
	}
	return slices.Compare(a.ID[:], b.ID[:])
}
