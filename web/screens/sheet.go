package screens

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"nonassociations/domain"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/screens/govuk"
)

// Sheet lists for everybody in a prison from whom they must be kept, and where both are.
type Sheet struct {
	prisonTop

	Filters sheetFilters
	// Showing says which of how many prisoners the page lists.
	Showing    string
	Empty      string // the sentence in place of the table
	Pagination *govuk.Pagination
	Picture    *picture
	Apart      *wideTable
	CSVHref    string
}

// sheetFilters is the form of a sheet's filters.
type sheetFilters struct {
	Reason, Wing govuk.Checkboxes
	Apply        govuk.Button
	Clear        govuk.Link
	Set          bool
}

// sheet shows who of a prison must be kept apart.
func (s *Screens) sheet(ctx context.Context, v *visit) (answer, error) {
	out := answer{title: "Who must be kept apart"}
	id, found, err := s.readSheet(ctx, v, &out)
	if err != nil {
		return out, err
	}
	top := s.prisonTop(ctx, v, id, "")
	out.crumbs = top.crumbs(id, "")
	top.tell(v, &out, found.Seen)
	out.warnings = append(out.warnings, ignoredFilters(slices.Concat(found.IgnoredReasons, found.IgnoredWings))...)
	query := map[string][]string{"reason": found.Used.Reasons, "wing": found.Used.Wings}
	page := Sheet{
		prisonTop: top, Filters: filtersOfSheet(id, found), CSVHref: addressOf(prisonPath(id)+".csv", query),
		Picture: pictureOf(found),
	}
	switch {
	case len(found.Rows) > 0:
		page.list(v, found)
	case page.Filters.Set:
		page.Empty = "No record matches the filters."
	default:
		page.Empty = "No open record of two people in this prison was found."
	}
	out.page = page
	return out, nil
}

// maxSheet is the number of rows that a page of a sheet has at most. Twice as many would
// be more than 100 kB compressed. Only very large prisons have more.
const maxSheet = 2500

// list lists one part of the prisoners, whole prisoners each.
func (p *Sheet) list(v *visit, found whereabouts.Sheet) {
	parts := p.parts(found.Rows)
	page := min(pageOf(v.request.URL.Query()), len(parts))
	before, all := 0, 0
	for i, part := range parts {
		if i < page-1 {
			before += part.prisoners
		}
		all += part.prisoners
	}
	part := parts[page-1]
	p.Showing = govuk.Count(all, "prisoner", "prisoners")
	if len(parts) > 1 {
		p.Showing = fmt.Sprintf("Showing %d to %d of %s", before+1, before+part.prisoners, p.Showing)
		p.Pagination = pagination(v.request.URL, page, len(parts))
	}
	rows := newRows(people{all: found.People}, len(part.rows))
	rows.links = rows.links || p.Picture != nil // the table has each link of the picture
	p.Apart = rows.apart(part.rows, p.Prison)
}

// sheetPart is what one page of a sheet lists.
type sheetPart struct {
	rows      []whereabouts.SheetRow
	prisoners int
}

// parts divides rows into parts of at most maxSheet rows. A prisoner is on one page,
// however many rows that takes. Below a picture stands everybody who is in it.
func (p *Sheet) parts(rows []whereabouts.SheetRow) []sheetPart {
	parts := []sheetPart{{}}
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].Prisoner == rows[0].Prisoner {
			n++
		}
		if last := len(parts[len(parts)-1].rows); p.Picture == nil && last > 0 && last+n > maxSheet {
			parts = append(parts, sheetPart{})
		}
		part := &parts[len(parts)-1]
		part.rows, part.prisoners = append(part.rows, rows[:n]...), part.prisoners+1
		rows = rows[n:]
	}
	return parts
}

// readSheet reads the sheet that the address asks for.
func (s *Screens) readSheet(ctx context.Context, v *visit, out *answer) (domain.PrisonID, whereabouts.Sheet, error) {
	id, err := s.prison(ctx, v, out)
	if err != nil {
		return id, whereabouts.Sheet{}, err
	}
	query := v.request.URL.Query()
	found, err := s.whereabouts.Sheet(ctx, id, whereabouts.SheetFilter{Wings: unique(query["wing"]), Reasons: unique(query["reason"])}, 0)
	return id, found, err
}

// filtersOfSheet returns the filters with what can be chosen: every reason, and the wings
// on which somebody is.
func filtersOfSheet(id domain.PrisonID, found whereabouts.Sheet) sheetFilters {
	reasons := make([]domain.Reason, len(found.Used.Reasons))
	for i, reason := range found.Used.Reasons {
		reasons[i] = domain.Reason(reason)
	}
	f := sheetFilters{
		Reason: checkboxes("reason", "Reason", domain.Reasons(), reasons),
		Wing:   govuk.Checkboxes{ID: "filter-wing", Name: "wing", Legend: govuk.Legend{Text: "Wing", Size: "s"}, Small: true, Values: found.Used.Wings},
		Apply:  govuk.Button{Text: "Apply filters", Kind: govuk.Secondary},
		Clear:  govuk.Link{Text: "Clear filters", Href: prisonPath(id)},
		Set:    len(found.Used.Reasons)+len(found.Used.Wings) > 0,
	}
	for _, wing := range found.Wings {
		f.Wing.Choices = append(f.Wing.Choices, govuk.Choice{Value: wing, Text: wing})
	}
	return f
}

// apart returns the table of a sheet, by person.
func (w *rowWriter) apart(listed []whereabouts.SheetRow, prison string) *wideTable {
	for _, r := range listed {
		w.prisoner(r.Prisoner)
		w.text(located(r.LocationOf(r.Prisoner).Text()))
		w.other(r.Other)
		w.text(located(r.LocationOf(r.Other).Text()))
		w.text(restriction(r.Restriction, r.TypeCode))
		w.text(word(domain.Reasons(), r.Reason))
		w.text(breach(r.PlacedRecord, prison))
		w.details(r.Prisoner, r.Other, r.ID)
	}
	return w.table("apart", "Who must be kept apart, by person", headPrisoner, headLocation, headKeepFrom, headTheirLocation, headApart, "Reason", tooCloseNow)
}

// breach says how near two are who are too close; "" of all others.
func breach(r *domain.PlacedRecord, prison string) string {
	if !r.TooClose {
		return ""
	}
	return howNear(r.Near, r.Locations[0].Text(), prison)
}

// sheetFile returns a sheet as a file. A file says nothing of the age of its locations, so
// there is none of old ones, and none that lacks people.
func (s *Screens) sheetFile(ctx context.Context, v *visit) (answer, error) {
	out := answer{}
	id, found, err := s.readSheet(ctx, v, &out)
	if err != nil {
		return out, err
	}
	if found.Incomplete > 0 || v.now.Sub(found.LocationsAt) > whereabouts.Fresh {
		return out, locationsAway(nil)
	}
	out.position = found.Position
	out.file, err = fileOfSheet(id, found)
	return out, err
}

func fileOfSheet(id domain.PrisonID, found whereabouts.Sheet) (*file, error) {
	header := strings.Split("Prison number,Last name,First name,Location,Keep from number,Keep from last name,Keep from first name,Their location,Where to keep apart,NOMIS type,Reason,Id,Position", ",")
	everybody := people{all: found.People}
	var rows [][]string
	for _, r := range found.Rows {
		one, other := everybody.of(r.Prisoner), everybody.of(r.Other)
		rows = append(rows, []string{
			string(one.Number), govuk.TitleCase(one.LastName), govuk.TitleCase(one.FirstName), r.LocationOf(r.Prisoner).Text(),
			string(other.Number), govuk.TitleCase(other.LastName), govuk.TitleCase(other.FirstName), r.LocationOf(r.Other).Text(),
			word(domain.Restrictions(), r.Restriction), nomisType(r.TypeCode), word(domain.Reasons(), r.Reason), r.ID.String(), strconv.FormatUint(found.Position, 10),
		})
	}
	return csvFile("non-associations-"+string(id)+".csv", header, rows)
}
