package merge

import (
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// Change is what a merge or its undoing did to one non-association.
type Change struct {
	NonAssociationID uuid.UUID
	From, To         domain.Pair // equal when it stayed where it was
	Action           Action
}

// Action says what was done to it.
type Action string

// What is done.
const (
	Renumbered Action = "RENUMBERED" // it is in the other pair now
	Closed     Action = "CLOSED"     // it was closed, as a stricter one is not
	Removed    Action = "DELETED"    // it was between the two numbers
	Restored   Action = "RESTORED"   // such a deletion was taken back
	Reopened   Action = "REOPENED"   // such a closing was taken back
)

// changes are what happened so far, each once.
type changes []Change

func (all changes) with(c Change) changes {
	if slices.ContainsFunc(all, func(o Change) bool { return o.NonAssociationID == c.NonAssociationID && o.Action == c.Action }) {
		return all
	}
	return append(all, c)
}

// withEvents adds what a decision of a move between the pairs came to.
func (all changes) withEvents(from, to domain.Pair, events []domain.Event) changes {
	for _, event := range events {
		switch e := event.(type) {
		case domain.TransferredIn:
			all = all.with(Change{e.NonAssociationID, from, to, Renumbered})
		case domain.Closed:
			all = all.with(Change{e.NonAssociationID, from, to, Closed})
		case domain.Deleted:
			all = all.with(Change{e.NonAssociationID, from, to, Removed})
		case domain.Restored:
			all = all.with(Change{e.NonAssociationID, from, to, Restored})
		default:
		}
	}
	return all
}
