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

// SheetRow is a record as seen from one of its prisoners.
type SheetRow struct {
	domain.PlacedRecord

	Prisoner, Other domain.PrisonerNumber
}

// Sheet lists for everybody in a prison from whom they must be kept. A record has two rows.
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
	g, err := s.ofPrison(ctx, prison, atLeast)
	if err != nil {
		return Sheet{}, fmt.Errorf("list who is to be kept apart: %w", err)
	}
	sheet := Sheet{Seen: g.Seen, Wings: g.wings()}
	var wings, reasons map[string]bool
	wings, sheet.IgnoredWings = known(filter.Wings, strings.ToUpper, func(wing string) bool { return slices.Contains(sheet.Wings, wing) })
	reasons, sheet.IgnoredReasons = known(filter.Reasons, strings.TrimSpace, func(reason string) bool {
		return domain.Contains(domain.Reasons(), domain.Reason(reason))
	})
	sheet.Used = SheetFilter{Wings: slices.Sorted(maps.Keys(wings)), Reasons: slices.Sorted(maps.Keys(reasons))}
	for _, record := range g.places.Placed(g.records.Records, g.today) {
		onWing := wings[record.Locations[0].Wing()] || wings[record.Locations[1].Wing()]
		if len(wings) > 0 && !onWing || len(reasons) > 0 && !reasons[string(record.Reason)] {
			continue
		}
		numbers := record.Pair.Numbers()
		sheet.Rows = append(sheet.Rows, SheetRow{record, numbers[0], numbers[1]}, SheetRow{record, numbers[1], numbers[0]})
	}
	g.sortRows(sheet.Rows)
	return sheet, nil
}

// sortRows sorts by the names of the prisoner and then of the other. Rows are large: keys
// are sorted, and each row is moved once.
func (g gathered) sortRows(rows []SheetRow) {
	type key struct{ prisoner, other, row int }
	rank, keys := g.ranks(), make([]key, len(rows))
	for i, row := range rows {
		keys[i] = key{rank[row.Prisoner], rank[row.Other], i}
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(
			cmp.Compare(a.prisoner, b.prisoner), cmp.Compare(a.other, b.other), bytes.Compare(rows[a.row].ID[:], rows[b.row].ID[:]),
		)
	})
	unsorted := slices.Clone(rows)
	for i, key := range keys {
		rows[i] = unsorted[key.row]
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

// wings lists the wings on which somebody of the prison is.
func (g gathered) wings() []string {
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
// without a name last, and then of numbers.
func (g gathered) ranks() map[domain.PrisonerNumber]int {
	rank := map[domain.PrisonerNumber]int{}
	for _, record := range g.records.Records {
		numbers := record.Pair.Numbers()
		rank[numbers[0]], rank[numbers[1]] = 0, 0
	}
	numbers := slices.SortedFunc(maps.Keys(rank), func(one, other domain.PrisonerNumber) int {
		a, b := g.People[one], g.People[other]
		return cmp.Or(compareNames(a.LastName, b.LastName), compareNames(a.FirstName, b.FirstName), cmp.Compare(one, other))
	})
	for i, number := range numbers {
		rank[number] = i
	}
	return rank
}

// compareNames sorts names without regard to capitals, the empty one last.
func compareNames(a, b string) int {
	if (a == "") != (b == "") {
		return cmp.Compare(b, a)
	}
	return cmp.Compare(strings.ToLower(a), strings.ToLower(b))
}
