package shape

import (
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// NonAssociation is a non-association in the vocabulary of DPS, both prisoners in
// the order of the opening fact. Times are London wall-clock times without an
// offset.
type NonAssociation struct {
	ID                         uuid.UUID             `json:"id"`
	FirstPrisonerNumber        domain.PrisonerNumber `json:"firstPrisonerNumber"`
	FirstPrisonerRole          domain.Role           `json:"firstPrisonerRole"`
	FirstPrisonerDescription   string                `json:"firstPrisonerRoleDescription"`
	SecondPrisonerNumber       domain.PrisonerNumber `json:"secondPrisonerNumber"`
	SecondPrisonerRole         domain.Role           `json:"secondPrisonerRole"`
	SecondPrisonerDescription  string                `json:"secondPrisonerRoleDescription"`
	Reason                     domain.Reason         `json:"reason"`
	ReasonDescription          string                `json:"reasonDescription"`
	RestrictionType            domain.Restriction    `json:"restrictionType"`
	RestrictionTypeDescription string                `json:"restrictionTypeDescription"`
	Comment                    *string               `json:"comment"` // null when NOMIS sent none
	WhenCreated                string                `json:"whenCreated"`
	WhenUpdated                string                `json:"whenUpdated"`
	UpdatedBy                  string                `json:"updatedBy"`
	IsClosed                   bool                  `json:"isClosed"`
	ClosedBy                   *string               `json:"closedBy"`
	ClosedReason               *string               `json:"closedReason"`
	ClosedAt                   *domain.LocalDateTime `json:"closedAt"` // a future one does not close yet
	IsOpen                     bool                  `json:"isOpen"`
}

// FullRecord is a non-association with everything that the record holds of it, in
// both vocabularies.
type FullRecord struct {
	NonAssociation

	AuthorisedBy             *string              `json:"authorisedBy"`
	EffectiveDate            domain.LocalDateTime `json:"effectiveDate"`
	FirstPrisonerReasonCode  domain.ReasonCode    `json:"firstPrisonerReasonCode"`
	SecondPrisonerReasonCode domain.ReasonCode    `json:"secondPrisonerReasonCode"`
	TypeCode                 domain.TypeCode      `json:"typeCode"`
	TypeSequence             *int                 `json:"typeSequence"` // NOMIS's own; null when it is not known
}

// View is the day and the time zone of an answer. Open and closed are never stored:
// they follow from the dates and the day.
type View struct {
	Today  string // the day in London, as domain.Today returns it
	London *time.Location
}

// NonAssociation returns a record of a pair as the staff's answers show it.
func (v View) NonAssociation(pair domain.Pair, n domain.NonAssociation) NonAssociation {
	// A record that names no first prisoner of its pair shows the smaller number first.
	first := n.FirstPrisoner
	if !pair.Has(first) {
		first = pair.Numbers()[0]
	}
	second, closed := pair.Other(first), n.IsClosed(v.Today)
	return NonAssociation{
		ID:                  n.ID,
		FirstPrisonerNumber: first, FirstPrisonerRole: n.Sides[first].Role,
		FirstPrisonerDescription: describe(domain.Roles(), n.Sides[first].Role),
		SecondPrisonerNumber:     second, SecondPrisonerRole: n.Sides[second].Role,
		SecondPrisonerDescription: describe(domain.Roles(), n.Sides[second].Role),
		Reason:                    n.Reason, ReasonDescription: describe(domain.Reasons(), n.Reason),
		RestrictionType: n.Restriction, RestrictionTypeDescription: describe(domain.Restrictions(), n.Restriction),
		Comment: n.Comment, WhenCreated: v.whenCreated(n), WhenUpdated: v.local(n.UpdatedAt), UpdatedBy: n.UpdatedBy,
		IsClosed: closed, ClosedBy: orNull(n.ClosedBy), ClosedReason: orNull(n.ClosedReason), ClosedAt: n.ExpiryDate,
		IsOpen: !closed,
	}
}

// FullRecord returns a record of a pair with both vocabularies.
func (v View) FullRecord(pair domain.Pair, n domain.NonAssociation) FullRecord {
	w := FullRecord{
		NonAssociation: v.NonAssociation(pair, n),
		AuthorisedBy:   n.AuthorisedBy, EffectiveDate: n.EffectiveDate, TypeCode: n.TypeCode,
	}
	w.FirstPrisonerReasonCode = n.Sides[w.FirstPrisonerNumber].ReasonCode
	w.SecondPrisonerReasonCode = n.Sides[w.SecondPrisonerNumber].ReasonCode
	// NOMIS counts from 1, so 0 means that no sequence is known.
	if n.TypeSequence != 0 {
		w.TypeSequence = &n.TypeSequence
	}
	return w
}

// whenCreated returns the effective date. A record that staff opened, and whose date
// no amendment has changed, has the fractions of a second too.
func (v View) whenCreated(n domain.NonAssociation) string {
	opened := n.OpenedAt.In(v.London)
	if n.CreatedSource == domain.DPS && domain.Local(opened) == n.EffectiveDate {
		return v.local(opened)
	}
	return string(n.EffectiveDate)
}

// local returns a London wall-clock time with at most six digits of a second. Such
// texts sort as the times do.
func (v View) local(t time.Time) string { return t.In(v.London).Format("2006-01-02T15:04:05.999999") }

// describe returns the description of a word, and the word itself when the vocabulary
// does not have it: an old fact may hold a word that was withdrawn.
func describe[W ~string](vocabulary []domain.Term[W], word W) string {
	for _, term := range vocabulary {
		if term.Code == word {
			return term.Description
		}
	}
	return string(word)
}

// orNull returns nil for an empty text, which JSON shows as null.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
