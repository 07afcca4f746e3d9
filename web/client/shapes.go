package client

import (
	"github.com/google/uuid"

	"nonassociations/domain"
)

// PrisonerNonAssociations is a prisoner's list in the words of staff, with who
// everybody is and where.
type PrisonerNonAssociations = PrisonerList[PrisonerView]

// PrisonerList is a prisoner with what is seen from them.
type PrisonerList[Item any] struct {
	PrisonerNumber domain.PrisonerNumber `json:"prisonerNumber"`
	Person

	OpenCount       int    `json:"openCount"`
	ClosedCount     int    `json:"closedCount"`
	NonAssociations []Item `json:"nonAssociations"`
	NamesMissing    bool   `json:"namesMissing,omitzero"` // the prisoner directory did not know, or answer for, somebody
}

// Person is what the prisoner directory adds to a number; nil is what it did
// not tell.
type Person struct {
	FirstName    *string `json:"firstName"`
	LastName     *string `json:"lastName"`
	PrisonID     *string `json:"prisonId"`
	PrisonName   *string `json:"prisonName"`
	CellLocation *string `json:"cellLocation"`
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
	OtherPrisonerDetails       OtherPrisoner         `json:"otherPrisonerDetails"`
}

// OtherPrisoner is the other one of the pair.
type OtherPrisoner struct {
	PrisonerNumber  domain.PrisonerNumber `json:"prisonerNumber"`
	Role            domain.Role           `json:"role"`
	RoleDescription string                `json:"roleDescription"`
	Person
}

// Page is a page of all non-associations, as Spring writes it.
type Page struct {
	Content          []StaffNonAssociation `json:"content"`
	Pageable         Pageable              `json:"pageable"`
	Last             bool                  `json:"last"`
	TotalPages       int                   `json:"totalPages"`
	TotalElements    int                   `json:"totalElements"`
	Size             int                   `json:"size"`
	Number           int                   `json:"number"`
	Sort             Sorted                `json:"sort"`
	First            bool                  `json:"first"`
	NumberOfElements int                   `json:"numberOfElements"`
	Empty            bool                  `json:"empty"`
}

// Pageable is where a page is.
type Pageable struct {
	PageNumber int    `json:"pageNumber"`
	PageSize   int    `json:"pageSize"`
	Sort       Sorted `json:"sort"`
	Offset     int    `json:"offset"`
	Paged      bool   `json:"paged"`
	Unpaged    bool   `json:"unpaged"`
}

// Sorted says whether a page is.
type Sorted struct {
	Empty    bool `json:"empty"`
	Sorted   bool `json:"sorted"`
	Unsorted bool `json:"unsorted"`
}
