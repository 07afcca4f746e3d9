package whereabouts

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nonassociations/domain"
)

// SheetFilter selects the records of a sheet. Values may be of any form: those that are not
// known are ignored.
type SheetFilter struct {
	Wings   []string // at least one of the two is on one of them; none: all
	Reasons []string // codes of [domain.Reasons]; none: all
}

// SheetRow is a record as seen from one of its prisoners. Both rows of a record share it:
// never change it.
type SheetRow struct {
	*domain.PlacedRecord

	Prisoner, Other domain.PrisonerNumber
}

// Sheet lists for everybody in a prison from whom they must be kept. A record has two rows.
// Its lists are shared: never change one.
type Sheet struct {
	Seen

	Rows           []SheetRow  // by the last name, first name and number of either
	Wings          []string    // on which somebody is, sorted
	Used           SheetFilter // what of the filter is known, sorted
	IgnoredWings   []string    // of the filter: nobody is there
	IgnoredReasons []string    // of the filter: no such reason
}

// Sheet lists the open records that have begun with both prisoners in a prison. Errors:
// ErrNoLocations, those of package queries, and the context's.
func (s *Service) Sheet(ctx context.Context, prison domain.PrisonID, filter SheetFilter, atLeast uint64) (Sheet, error) {
	of, err := s.ofPrison(ctx, prison, atLeast)
	if err != nil {
		return Sheet{}, fmt.Errorf("list who is to be kept apart: %w", err)
	}
	sheet := Sheet{Seen: of.Seen, Rows: of.rows(), Wings: of.wings()}
	var wings, reasons map[string]bool
	wings, sheet.IgnoredWings = known(filter.Wings, strings.ToUpper, func(wing string) bool { return slices.Contains(sheet.Wings, wing) })
	reasons, sheet.IgnoredReasons = known(filter.Reasons, strings.TrimSpace, func(reason string) bool {
		return domain.Contains(domain.Reasons(), domain.Reason(reason))
	})
	sheet.Used = SheetFilter{Wings: slices.Sorted(maps.Keys(wings)), Reasons: slices.Sorted(maps.Keys(reasons))}
	if len(wings)+len(reasons) > 0 {
		sheet.Rows = filtered(sheet.Rows, wings, reasons)
	}
	return sheet, nil
}

// filtered returns the rows of some wings and reasons; none stands for all.
func filtered(rows []SheetRow, wings, reasons map[string]bool) []SheetRow {
	var found []SheetRow
	for _, row := range rows {
		onWing := wings[row.Locations[0].Wing()] || wings[row.Locations[1].Wing()]
		if (len(wings) == 0 || onWing) && (len(reasons) == 0 || reasons[string(row.Reason)]) {
			found = append(found, row)
		}
	}
	return found
}

// sheetRows lists two rows for each record that has begun with both prisoners in the
// prison, sorted.
func (g gathered) sheetRows() []SheetRow {
	placed := g.places.Placed(g.records.Records, g.today)
	rows := make([]SheetRow, 0, 2*len(placed))
	for i := range placed {
		numbers := placed[i].Pair.Numbers()
		rows = append(rows, SheetRow{&placed[i], numbers[0], numbers[1]}, SheetRow{&placed[i], numbers[1], numbers[0]})
	}
	g.sortRows(rows)
	return rows
}

// sortRows sorts by the names of the prisoner and then of the other.
func (g gathered) sortRows(rows []SheetRow) {
	rank := g.ranks()
	type ranked struct {
		prisoner, other int
		row             SheetRow
	}
	all := make([]ranked, len(rows))
	for i, row := range rows {
		all[i] = ranked{rank[row.Prisoner], rank[row.Other], row}
	}
	slices.SortFunc(all, func(a, b ranked) int {
		if by := cmp.Or(a.prisoner-b.prisoner, a.other-b.other); by != 0 {
			return by
		}
		return bytes.Compare(a.row.ID[:], b.row.ID[:])
	})
	for i, one := range all {
		rows[i] = one.row
	}
}

// known splits the values of a filter into those that are known, in their canonical form,
// and those that are not, as they were written. Blank values are neither.
func known(values []string, canonical func(string) string, is func(string) bool) (found map[string]bool, ignored []string) {
	found = map[string]bool{}
	for _, value := range values {
		switch word := canonical(value); {
		case word == "":
		case is(word):
			found[word] = true
		case !slices.Contains(ignored, value):
			ignored = append(ignored, value)
		}
	}
	return found, ignored
}

// wingsOfPrison lists the wings on which somebody of the prison is.
func (g gathered) wingsOfPrison() []string {
	wings := map[string]bool{}
	for number, place := range g.places.Places {
		if place.PrisonID != g.Prison {
			continue
		}
		if wing := g.places.Location(number).Wing(); wing != "" {
			wings[wing] = true
		}
	}
	return slices.Sorted(maps.Keys(wings))
}

// ranks returns the place of each prisoner with a record in the order of names, those
// without a name last, and then of numbers. Capitals do not matter.
func (g gathered) ranks() map[domain.PrisonerNumber]int {
	rank := map[domain.PrisonerNumber]int{}
	for _, record := range g.records.Records {
		numbers := record.Pair.Numbers()
		rank[numbers[0]], rank[numbers[1]] = 0, 0
	}
	type named struct {
		last, first string
		number      domain.PrisonerNumber
	}
	all := make([]named, 0, len(rank))
	for number := range rank {
		person := g.People[number]
		all = append(all, named{strings.ToLower(person.LastName), strings.ToLower(person.FirstName), number})
	}
	slices.SortFunc(all, func(a, b named) int {
		return cmp.Or(compareNames(a.last, b.last), compareNames(a.first, b.first), cmp.Compare(a.number, b.number))
	})
	for i, one := range all {
		rank[one.number] = i
	}
	return rank
}

// compareNames sorts names, the empty one last.
func compareNames(a, b string) int {
	if (a == "") != (b == "") {
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}
