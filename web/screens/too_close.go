package screens

import (
	"context"

	"nonassociations/domain"
	"nonassociations/queries/whereabouts"
)

// TooClose shows who of a prison is too close to whom now.
type TooClose struct {
	prisonTop

	// Nobody says that nobody is too close. It stands only when everybody was read, and
	// everybody could be placed.
	Nobody bool
	// NoneFound stands in place of it when that is not so.
	NoneFound   bool
	TooClose    *wideTable
	CannotPlace *wideTable
	LeftOut     *wideTable
}

const tooCloseNow = "Too close now" // title, and header of a column

// Headers of the tables of a prison's pages.
const (
	headPrisoner      = "Prisoner"
	headLocation      = "Location"
	headKeepFrom      = "Keep from"
	headTheirLocation = "Their location"
	headApart         = "Where to keep apart"
	headHowNear       = "How near"
	headWhy           = "Why"
	headFrom          = "From"
)

// tooClose shows the records of a prison that are broken now.
func (s *Screens) tooClose(ctx context.Context, v *visit) (answer, error) {
	out := answer{title: tooCloseNow}
	id, err := s.prison(ctx, v, &out)
	if err != nil {
		return out, err
	}
	found, err := s.whereabouts.TooClose(ctx, id, 0)
	if err != nil {
		return out, err
	}
	top := s.prisonTop(ctx, v, id, tooCloseEnd)
	out.crumbs = top.crumbs(id, tooCloseEnd)
	top.tell(v, &out, found.Seen)
	page := TooClose{
		prisonTop: top, TooClose: tooCloseTable(found, top.Prison), CannotPlace: cannotPlaceTable(found), LeftOut: leftOutTable(found),
	}
	page.Nobody = page.TooClose == nil && page.CannotPlace == nil && isWhole(found.Seen)
	page.NoneFound = page.TooClose == nil && !page.Nobody
	out.page = page
	return out, nil
}

// tooCloseTable returns the table of the records that are broken.
func tooCloseTable(found whereabouts.TooClose, prison string) *wideTable {
	rows := newRows(people{all: found.People}, len(found.TooClose.TooClose))
	for _, r := range found.TooClose.TooClose {
		rows.placed(r)
		rows.text(restriction(r.Restriction, r.TypeCode))
		rows.text(howNear(r.Near, r.Locations[0].Text(), prison))
		rows.details(r.Pair.Numbers()[0], r.Pair.Numbers()[1], r.ID)
	}
	return rows.table("too-close", tooCloseNow, headPrisoner, headLocation, headKeepFrom, headTheirLocation, headApart, headHowNear)
}

// cannotPlaceTable returns the table of the records of which it cannot be told.
func cannotPlaceTable(found whereabouts.TooClose) *wideTable {
	rows := newRows(people{all: found.People}, len(found.CannotPlace))
	for _, r := range found.CannotPlace {
		rows.placed(r)
		rows.text(restriction(r.Restriction, r.TypeCode))
		rows.details(r.Pair.Numbers()[0], r.Pair.Numbers()[1], r.ID)
	}
	return rows.table("cannot-place", "Cannot be placed: it is not known how near they are", headPrisoner, headLocation, headKeepFrom, headTheirLocation, headApart)
}

// placed writes both prisoners of a record with their places.
func (w *rowWriter) placed(r domain.PlacedRecord) {
	one, other := r.Pair.Numbers()[0], r.Pair.Numbers()[1]
	w.prisoner(one)
	w.text(located(r.Locations[0].Text()))
	w.other(other)
	w.text(located(r.Locations[1].Text()))
}

// leftOutTable returns the table of the records that are not judged.
func leftOutTable(found whereabouts.TooClose) *wideTable {
	rows := newRows(people{all: found.People}, len(found.LeftOut))
	for _, r := range found.LeftOut {
		one, other := r.Pair.Numbers()[0], r.Pair.Numbers()[1]
		rows.prisoner(one)
		rows.other(other)
		rows.text(restriction(r.Restriction, r.TypeCode))
		rows.text(whyLeftOut(r.Why))
		rows.text(fromDay(r.From))
		rows.details(one, other, r.ID)
	}
	return rows.table("left-out", "Left out", headPrisoner, headKeepFrom, headApart, headWhy, headFrom)
}
