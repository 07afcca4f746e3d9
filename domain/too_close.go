package domain

import (
	"cmp"
	"slices"
)

// Place is where the directory has a prisoner. PrisonID is empty when that is not known.
type Place struct {
	PrisonID          PrisonID // also TRN and OUT
	Location          string   // inside the prison, as the directory writes it
	RestrictedPatient bool     // in a hospital, and still in the care of a prison
}

// PrisonPlaces is one prison with the places of everybody whom a question about it concerns,
// people of other places too. Somebody who is not in Places has no place that is known.
type PrisonPlaces struct {
	ID        PrisonID
	WingParts WingParts
	Places    map[PrisonerNumber]Place
}

// has reports whether somebody is in the prison.
func (p PrisonPlaces) has(number PrisonerNumber) bool { return p.Places[number].PrisonID == p.ID }

// Location returns where somebody is in the prison.
func (p PrisonPlaces) Location(number PrisonerNumber) Location {
	return p.WingParts.Location(p.ID, p.Places[number].Location)
}

// PlacedRecord is a record that has begun, with both prisoners in the prison.
type PlacedRecord struct {
	OpenRecord

	Locations [2]Location // in the order of the pair's numbers
	Near      Near
	TooClose  bool
}

// LocationOf returns the location of one of the two.
func (r PlacedRecord) LocationOf(number PrisonerNumber) Location {
	if number == r.Pair.Numbers()[0] {
		return r.Locations[0]
	}
	return r.Locations[1]
}

// CannotTell reports whether it is not known how near the two are.
func (r PlacedRecord) CannotTell() bool {
	return !r.TooClose && (!r.Locations[0].IsCell() || !r.Locations[1].IsCell())
}

// LeftOutReason is why a record is left out of a judgement. The values are part of the API:
// never change one.
type LeftOutReason string

// The reasons.
const (
	LeftOutPending    LeftOutReason = "PENDING"            // it has not begun
	LeftOutRestricted LeftOutReason = "RESTRICTED_PATIENT" // the other is in a hospital
)

// LeftOutRecord is a record that is left out of a judgement.
type LeftOutRecord struct {
	OpenRecord

	Why  LeftOutReason
	From string // the day on which the record begins; "" when it has begun
}

// TooClose has the records of a prison that are broken now, those of which that cannot be
// told, and those that are left out.
type TooClose struct {
	TooClose    []PlacedRecord // the nearest first, then the strictest, the oldest, the smallest numbers
	CannotPlace []PlacedRecord // the strictest first, and so on
	LeftOut     []LeftOutRecord
}

// Placed returns the records that have begun on a day, with both prisoners in the prison.
// The order is kept.
func (p PrisonPlaces) Placed(records []OpenRecord, today string) []PlacedRecord {
	placed := make([]PlacedRecord, 0, len(records))
	locations := map[PrisonerNumber]Location{} // each text is read once
	at := func(number PrisonerNumber) Location {
		l, known := locations[number]
		if !known {
			l = p.Location(number)
			locations[number] = l
		}
		return l
	}
	for _, record := range records {
		numbers := record.Pair.Numbers()
		if !record.HasBegun(today) || !p.has(numbers[0]) || !p.has(numbers[1]) {
			continue
		}
		one := PlacedRecord{OpenRecord: record, Locations: [2]Location{at(numbers[0]), at(numbers[1])}}
		one.Near = nearness(one.Locations[0], one.Locations[1])
		one.TooClose = record.isBroken(one.Near)
		placed = append(placed, one)
	}
	return placed
}

// TooClose judges the open records of a prison's people on a day.
func (p PrisonPlaces) TooClose(records []OpenRecord, today string) TooClose {
	var found TooClose
	for _, record := range p.Placed(records, today) {
		if record.TooClose {
			found.TooClose = append(found.TooClose, record)
		} else if record.CannotTell() {
			found.CannotPlace = append(found.CannotPlace, record)
		}
	}
	for _, record := range records {
		if why, is := p.leftOut(record, today); is {
			found.LeftOut = append(found.LeftOut, LeftOutRecord{record, why, record.from(today)})
		}
	}
	byNearness := func(a, b PlacedRecord) int {
		return cmp.Or(cmp.Compare(a.Near.rank(), b.Near.rank()), compareRecords(a.OpenRecord, b.OpenRecord))
	}
	slices.SortFunc(found.TooClose, byNearness)
	slices.SortFunc(found.CannotPlace, func(a, b PlacedRecord) int { return compareRecords(a.OpenRecord, b.OpenRecord) })
	slices.SortFunc(found.LeftOut, func(a, b LeftOutRecord) int { return compareRecords(a.OpenRecord, b.OpenRecord) })
	return found
}

// leftOut reports whether a record is left out of the judgement of the prison, and why:
// one of two people here that is still to come, or one of somebody here with a restricted
// patient.
func (p PrisonPlaces) leftOut(record OpenRecord, today string) (LeftOutReason, bool) {
	numbers := record.Pair.Numbers()
	switch one, other := numbers[0], numbers[1]; {
	case p.has(one) && p.isRestricted(other), p.has(other) && p.isRestricted(one):
		return LeftOutRestricted, true
	case p.has(one) && p.has(other) && !record.HasBegun(today):
		return LeftOutPending, true
	}
	return "", false
}

// isRestricted reports whether somebody is a restricted patient.
func (p PrisonPlaces) isRestricted(number PrisonerNumber) bool {
	at := p.Places[number]
	return at.PrisonID == Outside && at.RestrictedPatient
}

// from returns the day on which a record begins; "" when it has begun.
func (r OpenRecord) from(today string) string {
	if r.HasBegun(today) {
		return ""
	}
	return r.EffectiveDate.Date()
}
