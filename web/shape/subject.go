package shape

import (
	"slices"
	"time"

	"nonassociations/domain"
)

// SubjectAccess is what is held about a prisoner, deleted records included, newest
// first. The counts are of records that are not deleted.
type SubjectAccess struct {
	Content PrisonerList[SubjectItem] `json:"content"`
}

// SubjectItem is a non-association as it is, or as it was when it was deleted.
type SubjectItem struct {
	PrisonerView

	Deleted *Deletion `json:"deleted"`
}

// Deletion is when a record was deleted, why, and at whose request.
type Deletion struct {
	At     string  `json:"at"` // London, without offset
	By     string  `json:"by"`
	Reason *string `json:"reason"` // null when NOMIS deleted it
}

// NewSubjectAccess returns the answer about a number, its items sorted and counted.
// Names of prisoners are for the caller to fill in.
func NewSubjectAccess(number domain.PrisonerNumber, items []SubjectItem) SubjectAccess {
	var answer SubjectAccess
	answer.Content.PrisonerNumber = number
	answer.Content.NonAssociations = append([]SubjectItem{}, items...)
	slices.SortFunc(answer.Content.NonAssociations, func(a, b SubjectItem) int { return NewestFirst(a.PrisonerView, b.PrisonerView) })
	for _, item := range items {
		switch {
		case item.Deleted != nil:
		case item.IsClosed:
			answer.Content.ClosedCount++
		default:
			answer.Content.OpenCount++
		}
	}
	return answer
}

// Deletion returns a deletion as answers show it; reason may be "".
func (v View) Deletion(at time.Time, by, reason string) *Deletion {
	return &Deletion{At: v.local(at), By: by, Reason: orNull(reason)}
}
