package domain

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"
)

// Near is how near two places of one prison are. The values are part of the API: never
// change one.
type Near string

// The distances, the nearest first.
const (
	NearPlace   Near = "SAME_PLACE" // the same text, which is no cell
	NearCell    Near = "CELL"
	NearLanding Near = "LANDING"
	NearWing    Near = "WING"
	NearPrison  Near = "PRISON" // no more than the prison is known to be shared
)

// rank sorts distances, the nearest first.
func (n Near) rank() int {
	switch n {
	case NearPlace:
		return 0
	case NearCell:
		return 1
	case NearLanding:
		return 2
	case NearWing:
		return 3
	default:
		return 4
	}
}

// OpenRecord is what the rules of nearness need of a record that is not closed. It has no
// texts of people.
type OpenRecord struct {
	ID            uuid.UUID
	Pair          Pair
	Reason        Reason
	Restriction   Restriction
	TypeCode      TypeCode
	EffectiveDate LocalDateTime
}

// HasBegun reports whether the record has begun on a day (see [Today]).
func (r OpenRecord) HasBegun(today string) bool { return r.EffectiveDate.Date() <= today }

// Apart returns how far apart the two are to be kept. NONEX and TNA count as WING, whatever
// the restriction says.
func (r OpenRecord) Apart() Restriction {
	if r.TypeCode == TypeDoNotExercise || r.TypeCode == TypeTotal {
		return Wing
	}
	return r.Restriction
}

// strictness sorts restrictions, the strictest first.
func (r OpenRecord) strictness() int {
	switch r.Apart() {
	case Cell:
		return 2
	case Landing:
		return 1
	default:
		return 0
	}
}

// compareRecords sorts records: the stricter restriction, then the older effective date,
// then the smaller numbers.
func compareRecords(a, b OpenRecord) int {
	return cmp.Or(
		cmp.Compare(a.strictness(), b.strictness()),
		cmp.Compare(a.EffectiveDate, b.EffectiveDate),
		cmp.Compare(a.Pair.low, b.Pair.low), cmp.Compare(a.Pair.high, b.Pair.high),
		bytes.Compare(a.ID[:], b.ID[:]),
	)
}

// isBroken reports whether two at a distance are nearer than the record allows.
func (r OpenRecord) isBroken(near Near) bool {
	switch near {
	case NearPlace, NearCell:
		return true
	case NearLanding:
		return r.Apart() != Cell
	case NearWing:
		return r.Apart() != Cell && r.Apart() != Landing
	default:
		return false
	}
}

// nearness returns how near two locations of one prison are. Two without a text are not
// near: nothing is known of either.
func nearness(a, b Location) Near {
	switch {
	case !a.IsCell() && a.isText(b.text):
		return NearPlace
	case !a.IsCell() || !b.IsCell():
		return NearPrison
	case a.isText(b.text):
		return NearCell
	case slices.Equal(a.area(Landing), b.area(Landing)):
		return NearLanding
	case slices.Equal(a.area(Wing), b.area(Wing)):
		return NearWing
	default:
		return NearPrison
	}
}

// near returns the smallest area that a destination surely shares with a location.
func (d Destination) near(other Location) Near {
	switch {
	case d.parts == nil:
		return NearPrison
	case !other.IsCell() && other.isText(d.text):
		return NearPlace
	case !other.IsCell():
		return NearPrison
	case beginsWith(d.parts, other.area(Cell)):
		return NearCell
	case beginsWith(d.parts, other.area(Landing)):
		return NearLanding
	case beginsWith(d.parts, other.area(Wing)):
		return NearWing
	default:
		return NearPrison
	}
}

// mayBreak reports whether a record is broken, or could be somewhere inside a destination,
// while the other prisoner is in a cell.
func (d Destination) mayBreak(r OpenRecord, other Location) bool {
	area := other.area(r.Apart())
	return beginsWith(area, d.parts) || beginsWith(d.parts, area)
}
