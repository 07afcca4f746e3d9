package merge

import (
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// Change is what a merge or an unmerge did to one non-association.
type Change struct {
	NonAssociationID uuid.UUID
	From, To         domain.Pair // equal when the record stayed in its pair
	Action           Action
}

// Action is what was done to a non-association. Operator commands print the values:
// never change one.
type Action string

// The actions of merges and of unmerges.
const (
	Renumbered Action = "RENUMBERED" // transferred to the other pair
	Closed     Action = "CLOSED"     // closed, because a stricter record stays open
	Removed    Action = "DELETED"    // deleted, because both prisoners are one
	Restored   Action = "RESTORED"   // a deletion by a merge was reversed
	Reopened   Action = "REOPENED"   // a closing by a merge was reversed
)

// changes are the changes so far. A record that was transferred in several parts is
// listed once.
type changes []Change

// with adds a change, unless the same action on the same record is listed already.
func (all changes) with(c Change) changes {
	if slices.ContainsFunc(all, func(o Change) bool { return o.NonAssociationID == c.NonAssociationID && o.Action == c.Action }) {
		return all
	}
	return append(all, c)
}

// withEvents adds the changes that the events of a transfer between two pairs make.
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
