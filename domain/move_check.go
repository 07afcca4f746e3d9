package domain

import (
	"cmp"
	"slices"
)

// Move is a question: may these prisoners be moved there?
type Move struct {
	// Prisoners are the numbers of the list with their places in it. A number that was
	// merged has the place of the number that was asked about.
	Prisoners map[PrisonerNumber]int
	To        Destination
}

// MovedRecord is an open record of somebody on the list.
type MovedRecord struct {
	OpenRecord

	Prisoner PrisonerNumber // on the list
	Other    PrisonerNumber
	Location string // of the other in the prison; "" when it has none, or the other is on the list
}

// MoveConflict is a record of somebody on the list with somebody in the prison, or of two
// on the list.
type MoveConflict struct {
	MovedRecord

	Both     bool // both are on the list
	Near     Near
	TooClose bool // it would be broken, or could be somewhere in the destination
}

// PlaceFault is why it cannot be told how near somebody is. The values are part of the API:
// never change one.
type PlaceFault string

// The reasons.
const (
	NoCell       PlaceFault = "NO_CELL"    // in the prison, and in no cell that is known
	UnknownPlace PlaceFault = "UNKNOWN"    // no place is known
	InTransit    PlaceFault = "IN_TRANSIT" // between two prisons
)

// MoveWithoutPlace is a record whose other prisoner cannot be placed.
type MoveWithoutPlace struct {
	MovedRecord

	Why PlaceFault
}

// MoveLeftOut is a record that is left out of the judgement.
type MoveLeftOut struct {
	MovedRecord

	Why  LeftOutReason
	From string // the day on which the record begins; "" when it has begun
}

// MoveCheck is the answer to a [Move]. Two on the list come first, then those that are too
// close, then the rest; within each the nearest first.
type MoveCheck struct {
	Conflicts   []MoveConflict
	CannotPlace []MoveWithoutPlace
	LeftOut     []MoveLeftOut
}

// CheckMove judges the open records of the prisoners of a move on a day. Other records are
// passed over.
func (p PrisonPlaces) CheckMove(move Move, records []OpenRecord, today string) MoveCheck {
	var check MoveCheck
	for _, record := range records {
		p.check(&check, move, record, today)
	}
	slices.SortFunc(check.Conflicts, compareConflicts)
	slices.SortFunc(check.CannotPlace, func(a, b MoveWithoutPlace) int { return compareRecords(a.OpenRecord, b.OpenRecord) })
	slices.SortFunc(check.LeftOut, func(a, b MoveLeftOut) int { return compareRecords(a.OpenRecord, b.OpenRecord) })
	return check
}

// check adds a record to the part of the answer where it belongs, or nowhere: the other
// may be in another prison, or outside.
func (p PrisonPlaces) check(into *MoveCheck, move Move, record OpenRecord, today string) {
	moved, both, is := move.record(record)
	if !is {
		return
	}
	at := p.Places[moved.Other]
	here := at.PrisonID == p.ID
	elsewhere := !here && at.PrisonID != InTransfer && at.PrisonID != ""
	location := p.Location(moved.Other)
	if here && !both {
		moved.Location = location.Text()
	}
	switch near := move.To.near(location); {
	case !both && p.isRestricted(moved.Other):
		into.LeftOut = append(into.LeftOut, MoveLeftOut{moved, LeftOutRestricted, record.from(today)})
	case !both && elsewhere:
	case !record.HasBegun(today):
		into.LeftOut = append(into.LeftOut, MoveLeftOut{moved, LeftOutPending, record.from(today)})
	case both:
		into.Conflicts = append(into.Conflicts, MoveConflict{moved, true, move.To.Size(), true})
	case at.PrisonID == InTransfer:
		into.CannotPlace = append(into.CannotPlace, MoveWithoutPlace{moved, InTransit})
	case at.PrisonID == "":
		into.CannotPlace = append(into.CannotPlace, MoveWithoutPlace{moved, UnknownPlace})
	case near == NearPlace:
		into.Conflicts = append(into.Conflicts, MoveConflict{moved, false, near, true})
	case !location.IsCell():
		into.CannotPlace = append(into.CannotPlace, MoveWithoutPlace{moved, NoCell})
	default:
		into.Conflicts = append(into.Conflicts, MoveConflict{moved, false, near, move.To.mayBreak(record, location)})
	}
}

// record sees a record from the list. Of two on the list the one that stands first is the
// prisoner. It returns false when neither is on the list.
func (m Move) record(record OpenRecord) (_ MovedRecord, both, is bool) {
	one, other := record.Pair.Numbers()[0], record.Pair.Numbers()[1]
	first, isOne := m.Prisoners[one]
	second, isOther := m.Prisoners[other]
	if !isOne || isOther && second < first {
		one, other = other, one
	}
	return MovedRecord{OpenRecord: record, Prisoner: one, Other: other}, isOne && isOther, isOne || isOther
}

func compareConflicts(a, b MoveConflict) int {
	return cmp.Or(
		firstIf(a.Both, b.Both),
		firstIf(a.TooClose, b.TooClose),
		cmp.Compare(a.Near.rank(), b.Near.rank()),
		compareRecords(a.OpenRecord, b.OpenRecord),
	)
}

// firstIf sorts what is before what is not.
func firstIf(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}
