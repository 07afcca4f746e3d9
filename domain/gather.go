package domain

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// gathering collects the events of a decision. Each event is folded at once, so that
// the next one is decided on the resulting state.
type gathering struct {
	folding  *Folding
	now      time.Time
	by       Cause
	events   []Event
	outcomes []Outcome
}

// gather begins a decision on a state.
func gather(s State, now time.Time, by Cause) *gathering {
	return &gathering{folding: NewFolding(s), now: now, by: by}
}

// record adds an event to the decision and folds it.
func (g *gathering) record(event Event) {
	g.events = append(g.events, event)
	g.folding.Add(Fact{Event: event, Meta: Meta{Cause: g.by, DecidedAt: g.now}})
}

// decision returns what was collected.
func (g *gathering) decision() Decision {
	return Decision{Events: g.events, Outcomes: g.outcomes, OccurredAt: g.now}
}

// closeOthers leaves one record not closed after another one arrived. A record that has
// begun goes before one that is yet to begin, then the stricter one, then the one that
// was there before.
func (g *gathering) closeOthers(came uuid.UUID) {
	today := Today(g.now)
	var open []NonAssociation
	for _, n := range g.folding.state.Items {
		if !n.Deleted && !n.IsClosed(today) {
			open = append(open, n)
		}
	}
	if !slices.ContainsFunc(open, func(n NonAssociation) bool { return n.ID == came }) {
		return
	}
	stays := slices.MaxFunc(open, func(a, b NonAssociation) int {
		return cmp.Or(
			compareTrue(a.EffectiveDate.Date() <= today, b.EffectiveDate.Date() <= today),
			cmp.Compare(a.TypeCode.strictness(), b.TypeCode.strictness()),
			compareTrue(a.ID != came, b.ID != came),
		)
	})
	for _, n := range open {
		if n.ID != stays.ID {
			g.record(Closed{
				NonAssociationID: n.ID, ClosedAt: Local(g.now), ClosedBy: g.by.Actor, ClosedReason: ByMerge, ExpiryWas: n.ExpiryDate,
			})
		}
	}
}

// compareTrue is positive when a alone is true, negative when b alone is.
func compareTrue(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// strictness orders the type codes from loose to strict.
func (c TypeCode) strictness() int {
	return slices.Index([]TypeCode{TypeCell, TypeLanding, TypeDoNotExercise, TypeWing, TypeTotal}, c)
}
