package domain

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// decisionBuilder collects the events of a decision. It folds each event at once, so
// that the next one is decided on the state after it.
type decisionBuilder struct {
	folding  *Folding
	now      time.Time
	by       Cause
	events   []Event
	outcomes []Outcome
}

// newDecisionBuilder starts a decision on a state, which is not changed.
func newDecisionBuilder(s State, now time.Time, by Cause) *decisionBuilder {
	return &decisionBuilder{folding: NewFolding(s), now: now, by: by}
}

// record adds an event and folds it.
func (g *decisionBuilder) record(event Event) {
	g.events = append(g.events, event)
	g.folding.Add(Fact{Event: event, Meta: Meta{Cause: g.by, DecidedAt: g.now}})
}

// decision returns what was collected.
func (g *decisionBuilder) decision() Decision {
	return Decision{Events: g.events, Outcomes: g.outcomes, OccurredAt: g.now}
}

// closeOthers closes all but one of the records that are not closed, after another one
// arrived. A pair has at most one. A record that has begun precedes one that has not,
// then the stricter one stays, then the one that was there before.
func (g *decisionBuilder) closeOthers(came uuid.UUID) {
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
			compareBool(a.EffectiveDate.Date() <= today, b.EffectiveDate.Date() <= today),
			cmp.Compare(a.TypeCode.strictness(), b.TypeCode.strictness()),
			compareBool(a.ID != came, b.ID != came),
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

// compareBool orders true after false.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// StricterThan reports whether a type keeps a pair apart further than another one.
func (c TypeCode) StricterThan(other TypeCode) bool { return c.strictness() > other.strictness() }

// strictness orders the type codes from the least to the most strict. It is -1 for an
// unknown code.
func (c TypeCode) strictness() int {
	return slices.Index([]TypeCode{TypeCell, TypeLanding, TypeDoNotExercise, TypeWing, TypeTotal}, c)
}
