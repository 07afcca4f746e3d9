package nomis

import (
	"time"

	"nonassociations/queries"
)

// DeliveryState is where a non-association stands with NOMIS. The values are on the wire:
// never change one.
type DeliveryState string

// The states.
const (
	InStep     DeliveryState = "IN_STEP"
	Pending    DeliveryState = "PENDING"
	Held       DeliveryState = "HELD"         // NOMIS takes no date to come
	NotInNOMIS DeliveryState = "NOT_IN_NOMIS" // deleted, and not there
)

// Findings are what the comparison with NOMIS has found of one record.
type Findings struct {
	Problem  *FoundProblem // nil: none is open
	AlsoOpen []int         // sequences of other details of the pair that are open in NOMIS
	Held     bool          // it is tried again soon, because NOMIS's day begins later than ours
}

// FoundProblem is an open problem. Why is one sentence in English.
type FoundProblem struct {
	Problem, Why string
	Since        time.Time
}

// Delivery says where a record stands with NOMIS on a day.
type Delivery struct {
	queries.Delivery
	Findings

	State DeliveryState
	Since *time.Time // of PENDING and HELD
	Until *string    // of HELD: the day; nil: soon
}

// DeliveryOf returns where a record stands with NOMIS on a day, by what the log knows of
// it and by what the comparison has found.
func DeliveryOf(d queries.Delivery, f Findings, today string) Delivery {
	delivery := Delivery{Delivery: d, Findings: f, State: InStep, Since: d.DiffersSince}
	switch {
	case d.IsHeld(today):
		delivery.State, delivery.Until = Held, &d.EffectiveDay
	case d.DiffersSince != nil && f.Held:
		delivery.State = Held
	case d.DiffersSince != nil:
		delivery.State = Pending
	case d.Deleted:
		delivery.State = NotInNOMIS
	case f.Problem != nil: // what we know of NOMIS may be wrong
		delivery.State, delivery.Since = Pending, &f.Problem.Since
	}
	return delivery
}
