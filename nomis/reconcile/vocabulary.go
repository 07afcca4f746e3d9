package reconcile

import (
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// Scopes returns every scope.
func Scopes() []Scope { return []Scope{store.ScopeAll, store.ScopeTouched, store.ScopePairs} }

// ScopePairs is the scope of pairs that are named.
const ScopePairs = store.ScopePairs

// Buckets returns every bucket, in the order in which the first that fits counts.
func Buckets() []Bucket {
	return []Bucket{
		store.Unchecked, store.AcceptedAsIs, store.MirrorsDisagree, store.Held, store.IgnoredHere, store.Same, store.Differs,
		store.OnlyHere, store.OnlyThere,
	}
}

// States returns every state of a difference.
func States() []State {
	return []State{store.StateOpen, store.StateHealed, store.StateAccepted, store.StateRepaired}
}

// Problems returns every problem that a difference may have.
func Problems() []plan.ProblemKind {
	return []plan.ProblemKind{
		plan.MirrorsDisagree, plan.OnlyHere, plan.DeletedThere, plan.ChangedAfterDelete, plan.ChangedAfterSwitch, plan.AnotherOpen,
		plan.BlockedByOpen, plan.PrisonerUnknown, plan.NotHoldable, plan.Refused, plan.NotTaken, plan.NoProgress, plan.NotReached,
	}
}

// Causes returns every cause of a difference.
func Causes() []string {
	return []string{
		turn.LostAnswer, turn.LostMessage, turn.BookingDeleted, turn.MergeMissed, turn.EditAfterSwitch, turn.MirrorDamage, turn.SeveralOpen,
		turn.Unknown,
	}
}
