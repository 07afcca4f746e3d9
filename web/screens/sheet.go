package screens

import (
	"context"
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
	Count   string // of the records
	Empty   string // the sentence in place of the table
	Picture *picture
	Apart   *wideTable
	CSVHref string
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
		Count: govuk.Count(len(found.Rows)/2, "record", "records"), Picture: pictureOf(found), Apart: apartTable(found, top.Prison),
	}
	if len(found.Rows) == 0 {
		page.Empty = "No open record of two people in this prison was found."
		if page.Filters.Set {
			page.Empty = "No record matches the filters."
		}
	}
	out.page = page
	return out, nil
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

// apartTable returns the table of a sheet, by person.
func apartTable(found whereabouts.Sheet, prison string) *wideTable {
	rows := newRows(people{all: found.People}, len(found.Rows))
	for _, r := range found.Rows {
		rows.prisoner(r.Prisoner)
		rows.text(located(r.LocationOf(r.Prisoner).Text()))
		rows.other(r.Other)
		rows.text(located(r.LocationOf(r.Other).Text()))
		rows.text(restriction(r.Restriction, r.TypeCode))
		rows.text(word(domain.Reasons(), r.Reason))
		rows.text(breach(r.PlacedRecord, prison))
		rows.details(r.Prisoner, r.Other, r.ID)
	}
	return rows.table("apart", "Who must be kept apart, by person", headPrisoner, headLocation, headKeepFrom, headTheirLocation, headApart, "Reason", "Too close now")
}

// breach says how near two are who are too close; "" of all others.
func breach(r domain.PlacedRecord, prison string) string {
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
