package screens

import (
	"strings"
	"time"

	"nonassociations/domain"
	"nonassociations/queries/directory"
	"nonassociations/web/screens/govuk"
)

// person is a prisoner as pages show one. A prisoner whom the directory did not name has
// a number alone.
type person struct {
	directory.Prisoner

	named bool // the directory answered with a name
}

// FullName returns "First Last", or the number.
func (p person) FullName() string {
	if !p.named {
		return p.unnamed()
	}
	return govuk.FullName(p.FirstName, p.LastName)
}

// ListName returns "Last, First", or the number.
func (p person) ListName() string {
	if !p.named {
		return p.unnamed()
	}
	return govuk.ListName(p.FirstName, p.LastName)
}

// Possessive returns "First Last’s", or the number with "’s".
func (p person) Possessive() string {
	if !p.named {
		return p.unnamed() + "’s"
	}
	return govuk.Possessive(p.FullName())
}

// unnamed returns what stands for a name: the number, or, while a record cannot be read,
// who it is of a pair.
func (p person) unnamed() string {
	if p.Number == "" {
		return "The other prisoner"
	}
	return string(p.Number)
}

// prison returns the id of where the prisoner is, TRN and OUT among them; "" when that is
// not known.
func (p person) prison() domain.PrisonID { return domain.PrisonID(p.PrisonID) }

// place returns where the prisoner is inside a prison, or on the way, or outside.
func (p person) place() string {
	switch {
	case p.prison() == domain.InTransfer:
		return orText(p.LocationDescription, "Transfer")
	case p.prison() == domain.Outside:
		return orText(p.LocationDescription, "Outside")
	}
	return orText(p.CellLocation, "Not known")
}

// orText returns a text, or another when it is empty.
func orText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// people are the prisoners of one page.
type people struct {
	all  map[domain.PrisonerNumber]directory.Prisoner
	away bool // the directory did not answer for everybody
}

// of returns a prisoner. One whom the directory does not know is shown by number.
func (p people) of(number domain.PrisonerNumber) person {
	found, known := p.all[number]
	found.Number = number
	return person{Prisoner: found, named: known && (found.FirstName != "" || found.LastName != "")}
}

// listDate returns a date of a list, 26/07/2023.
func listDate(t time.Time) string { return govuk.ShortDate(t) }

// day returns the date of a local time of NOMIS.
func day(at domain.LocalDateTime) string {
	if t, err := time.Parse(time.DateOnly, string(at)[:min(10, len(at))]); err == nil {
		return govuk.ShortDate(t)
	}
	return string(at)
}

// upper raises a path's prisoner number to capitals.
func upper(text string) string { return strings.ToUpper(text) }

// crumbsTo returns the breadcrumbs of a page below the list of a prisoner.
func (s *Screens) crumbsTo(v *visit, p person, kind listKind) []crumb {
	return []crumb{s.crumbOf(v, p), {listTitle, listPath(p.Number, kind)}}
}

// crumbOf is the breadcrumb of a prisoner, which leads to the profile.
func (s *Screens) crumbOf(v *visit, p person) crumb { return crumb{p.ListName(), s.profileOf(v, p)} }

// profileOf returns the address of a prisoner's profile; "" for a user who may not open
// it, and where no address of the estate is known.
func (s *Screens) profileOf(v *visit, p person) string {
	if s.dpsURL == "" || !v.session.Caseloads.Known || !v.staffOf().CanViewProfile(p.whereabouts()) {
		return ""
	}
	return strings.TrimRight(s.dpsURL, "/") + "/prisoner/" + string(p.Number)
}
