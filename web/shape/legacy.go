package shape

import (
	"time"

	"nonassociations/domain"
)

// LegacyList is a prisoner's list as prison-api answered it. Null is what the prisoner
// directory does not know.
type LegacyList struct {
	OffenderNo                    domain.PrisonerNumber `json:"offenderNo"`
	FirstName                     *string               `json:"firstName"`
	LastName                      *string               `json:"lastName"`
	AgencyID                      *string               `json:"agencyId"` // the prison
	AgencyDescription             *string               `json:"agencyDescription"`
	AssignedLivingUnitDescription *string               `json:"assignedLivingUnitDescription"` // the cell
	NonAssociations               []LegacyItem          `json:"nonAssociations"`               // never null
	NamesMissing                  bool                  `json:"namesMissing,omitzero"`         // the directory did not name every prisoner
}

// LegacyItem is one item of a LegacyList, in the vocabulary of NOMIS.
type LegacyItem struct {
	ReasonCode             domain.ReasonCode     `json:"reasonCode"`
	ReasonDescription      string                `json:"reasonDescription"`
	TypeCode               domain.TypeCode       `json:"typeCode"`
	TypeDescription        string                `json:"typeDescription"`
	EffectiveDate          domain.LocalDateTime  `json:"effectiveDate"`
	ExpiryDate             *domain.LocalDateTime `json:"expiryDate"`
	AuthorisedBy           *string               `json:"authorisedBy"`
	Comments               *string               `json:"comments"`
	OffenderNonAssociation LegacyOther           `json:"offenderNonAssociation"`
}

// LegacyOther is the other prisoner of a LegacyItem.
type LegacyOther struct {
	OffenderNo                    domain.PrisonerNumber `json:"offenderNo"`
	FirstName                     *string               `json:"firstName"`
	LastName                      *string               `json:"lastName"`
	ReasonCode                    domain.ReasonCode     `json:"reasonCode"`
	ReasonDescription             string                `json:"reasonDescription"`
	AgencyID                      *string               `json:"agencyId"`
	AgencyDescription             *string               `json:"agencyDescription"`
	AssignedLivingUnitDescription *string               `json:"assignedLivingUnitDescription"`
}

// NewLegacyList returns the list of a prisoner without items.
func NewLegacyList(number domain.PrisonerNumber, p Person) LegacyList {
	return LegacyList{
		OffenderNo: number, FirstName: p.FirstName, LastName: p.LastName,
		AgencyID: p.PrisonID, AgencyDescription: p.PrisonName, AssignedLivingUnitDescription: p.CellLocation,
		NonAssociations: []LegacyItem{},
	}
}

// NewLegacyItem returns a record of a pair as seen from one of its two prisoners. other
// is the person of the other one.
func NewLegacyItem(pair domain.Pair, of domain.PrisonerNumber, n domain.NonAssociation, other Person) LegacyItem {
	number := pair.Other(of)
	ours, theirs := n.Sides[of].ReasonCode, n.Sides[number].ReasonCode
	return LegacyItem{
		ReasonCode: ours, ReasonDescription: describe(domain.ReasonCodes(), ours),
		TypeCode: n.TypeCode, TypeDescription: describe(domain.TypeCodes(), n.TypeCode),
		EffectiveDate: n.EffectiveDate, ExpiryDate: n.ExpiryDate, AuthorisedBy: n.AuthorisedBy, Comments: n.Comment,
		OffenderNonAssociation: LegacyOther{
			OffenderNo: number, FirstName: other.FirstName, LastName: other.LastName,
			ReasonCode: theirs, ReasonDescription: describe(domain.ReasonCodes(), theirs),
			AgencyID: other.PrisonID, AgencyDescription: other.PrisonName, AssignedLivingUnitDescription: other.CellLocation,
		},
	}
}

// LegacyCaller is a client that called the legacy list.
type LegacyCaller struct {
	ClientID       string `json:"clientId"`
	FirstCall      string `json:"firstCall"`
	LastCall       string `json:"lastCall"`
	CallsLast7Days int64  `json:"callsLast7Days"` // of today and the six days before
	NotFound       int64  `json:"notFound"`       // calls that were answered 404, ever
}

// NewLegacyCaller returns a client with its calls. Times are London's, with their offset.
func NewLegacyCaller(london *time.Location, clientID string, first, last time.Time, last7Days, notFound int64) LegacyCaller {
	return LegacyCaller{
		ClientID: clientID, FirstCall: withOffset(london, first), LastCall: withOffset(london, last),
		CallsLast7Days: last7Days, NotFound: notFound,
	}
}
