package screens

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"nonassociations/domain"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/screens/govuk"
)

// MoveCheck asks whether prisoners may be moved, and shows the answer.
type MoveCheck struct {
	prisonTop

	Form   moveForm
	Answer *moveAnswer // nil before the question, and while it has errors
}

// moveAnswer is the answer to a move check.
type moveAnswer struct {
	Question govuk.SummaryList
	// Nobody says that nobody would be too close. It stands only when nobody is, and
	// everybody was read and placed.
	Nobody      bool
	NoneFound   bool // stands in place of it when somebody could not be read or placed
	Conflicts   *wideTable
	CannotPlace *wideTable
	LeftOut     *wideTable
}

const moveTitle = "Check a move" // title and heading

// moveCheck shows the form of a move check, and the answer to what was asked.
func (s *Screens) moveCheck(ctx context.Context, v *visit) (answer, error) {
	out := answer{title: moveTitle}
	id, err := s.prison(ctx, v, &out)
	if err != nil {
		return out, err
	}
	top := s.prisonTop(ctx, v, id, moveCheckEnd)
	out.crumbs = top.crumbs(id, moveCheckEnd)
	query := v.request.URL.Query()
	page := MoveCheck{prisonTop: top, Form: newMoveForm(query, top.Prison)}
	if !query.Has(fieldMoved) {
		out.page = page
		return out, nil
	}
	asked := readMoved(query)
	to, wrong := s.destination(id, query)
	out.subjects = asked.subjects()
	found, unknown, err := s.judge(ctx, v, id, asked, to)
	page.Form.fault(&out, asked.faults(unknown), wrong)
	switch {
	case len(out.errors) > 0:
		out.status = http.StatusBadRequest
	case err != nil:
		return out, err
	default:
		page.tell(v, &out, found.Seen)
		page.Answer = newMoveAnswer(asked, to, found, top.Prison)
	}
	out.page = page
	return out, nil
}

// destination reads where the prisoners are to be moved; without a text it is anywhere in
// the prison. wrong is the text of the error, "" without one.
func (s *Screens) destination(id domain.PrisonID, query url.Values) (to domain.Destination, wrong string) {
	typed := text(query, fieldDestination)
	if typed == "" {
		return to, ""
	}
	to, err := s.whereabouts.Destination(id, typed)
	if err != nil {
		return to, "Enter a wing, landing or cell such as A-1-002"
	}
	return to, ""
}

// judge asks about the numbers that are some, also when other lines are wrong: all errors
// are told at once. It asks nothing about no number, and about too many.
func (s *Screens) judge(ctx context.Context, v *visit, id domain.PrisonID, asked moved, to domain.Destination) (whereabouts.MoveCheck, whereabouts.UnknownPrisoners, error) {
	numbers := asked.subjects()
	if len(numbers) == 0 {
		return whereabouts.MoveCheck{}, nil, nil
	}
	found, err := s.whereabouts.MoveCheck(ctx, whereabouts.Question{Numbers: numbers, Prison: id, To: to, Caseloads: v.session.Caseloads.IDs()})
	var unknown whereabouts.UnknownPrisoners
	errors.As(err, &unknown)
	return found, unknown, err
}

// newMoveAnswer returns what a page shows of an answer.
func newMoveAnswer(asked moved, to domain.Destination, found whereabouts.MoveCheck, prison string) *moveAnswer {
	everybody := people{all: found.People}
	a := &moveAnswer{
		Question: asked.summary(everybody, orText(to.Text(), "Anywhere in "+prison)), Conflicts: conflictsTable(found, to, prison),
		CannotPlace: moveCannotPlaceTable(found), LeftOut: moveLeftOutTable(found),
	}
	tooClose := 0
	for _, c := range found.Conflicts {
		if c.TooClose {
			tooClose++
		}
	}
	a.Nobody = tooClose == 0 && len(found.CannotPlace) == 0 && isWhole(found.Seen)
	a.NoneFound = tooClose == 0 && !a.Nobody
	return a
}

// Headers of the tables of a move check.
const (
	headMustBeKeptFrom = "Must be kept from"
	headWhere          = "Where"
)

// conflictsTable returns the table of the records with people of the prison, and between
// two on the list.
func conflictsTable(found whereabouts.MoveCheck, to domain.Destination, prison string) *wideTable {
	rows := newRows(people{all: found.People}, len(found.Conflicts))
	for _, c := range found.Conflicts {
		where := located(c.Location)
		if c.Both {
			where = "To be moved too"
		}
		rows.moved(c.MovedRecord)
		rows.text(where)
		rows.text(restriction(c.Restriction, c.TypeCode))
		rows.text(howNear(c.Near, to.Text(), prison))
		rows.tooClose(c.TooClose)
		rows.details(c.Prisoner, c.Other, c.ID)
	}
	return rows.table("conflicts", "Who must be kept apart there", headPrisoner, headMustBeKeptFrom, headWhere, headApart, headHowNear, "Too close")
}

// moved writes both prisoners of a record, the one on the list first.
func (w *rowWriter) moved(r domain.MovedRecord) {
	w.prisoner(r.Prisoner)
	w.other(r.Other)
}

// moveCannotPlaceTable returns the table of those of whom it cannot be told.
func moveCannotPlaceTable(found whereabouts.MoveCheck) *wideTable {
	rows := newRows(people{all: found.People}, len(found.CannotPlace))
	for _, r := range found.CannotPlace {
		rows.moved(r.MovedRecord)
		rows.text(located(r.Location))
		rows.text(restriction(r.Restriction, r.TypeCode))
		rows.text(whyNoPlace(r.Why))
		rows.details(r.Prisoner, r.Other, r.ID)
	}
	return rows.table("cannot-place", "Cannot be placed: it is not known how near they would be", headPrisoner, headMustBeKeptFrom, headWhere, headApart, headWhy)
}

// whyNoPlace says why it cannot be told how near somebody is.
func whyNoPlace(why domain.PlaceFault) string {
	switch why {
	case domain.NoCell:
		return "In the prison, in no known cell"
	case domain.InTransit:
		return "Between two prisons"
	default:
		return "Location not known"
	}
}

// moveLeftOutTable returns the table of the records that are not judged.
func moveLeftOutTable(found whereabouts.MoveCheck) *wideTable {
	rows := newRows(people{all: found.People}, len(found.LeftOut))
	for _, r := range found.LeftOut {
		rows.moved(r.MovedRecord)
		rows.text(restriction(r.Restriction, r.TypeCode))
		rows.text(whyLeftOut(r.Why))
		rows.text(fromDay(r.From))
		rows.details(r.Prisoner, r.Other, r.ID)
	}
	return rows.table("left-out", "Left out", headPrisoner, headMustBeKeptFrom, headApart, headWhy, headFrom)
}

// tooManyMoved is the error of more numbers than one check may be about.
var tooManyMoved = "Enter at most " + strconv.Itoa(maxMoved) + " prison numbers"
