package domain

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// decisionBuilder is a decision in the making: each event is folded at once, so that
// the next one is decided on what it left.
type decisionBuilder struct {
	folding  *Folding
	now      time.Time
	by       Cause
	events   []Event
	outcomes []Outcome
}

func newDecisionBuilder(s State, now time.Time, by Cause) *decisionBuilder {
	return &decisionBuilder{folding: NewFolding(s), now: now, by: by}
}

func (g *decisionBuilder) record(event Event) {
	g.events = append(g.events, event)
	g.folding.Add(Fact{Event: event, Meta: Meta{Cause: g.by, DecidedAt: g.now}})
}

func (g *decisionBuilder) decision() Decision {
	return Decision{Events: g.events, Outcomes: g.outcomes, OccurredAt: g.now}
}

// closeOthers leaves one of those that are not closed, now that another one
// came. What has begun comes before what is yet to come, then the stricter, then
// what was there before.
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

// strictness orders the type codes from loose to strict.
func (c TypeCode) strictness() int {
	return slices.Index([]TypeCode{TypeCell, TypeLanding, TypeDoNotExercise, TypeWing, TypeTotal}, c)
}
