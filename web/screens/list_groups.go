package screens

import (
	"net/url"
	"slices"

	"nonassociations/domain"
)

// group is one table of a prisoner's list.
type group struct {
	id      string // of the table
	heading string
	where   string // the end of its empty sentence
	place   string // the header of its second column: Location or Establishment
	rows    []listRow
	sort    sorting
}

// Headers of the second column, and the ids of tables.
const (
	byLocation      = "Location"
	byEstablishment = "Establishment"

	idSame, idOther, idAny, idOutside, idUnknown = "same", "other", "any", "outside", "unknown"
)

// groupsOf divides rows by the other prisoner's place, as seen from the key prisoner.
// While places are not known everybody is in #unknown.
func groupsOf(key person, prisonName string, everybody people, rows []listRow) []group {
	unknown := group{id: idUnknown, heading: "Location not known", place: byLocation}
	if everybody.away {
		unknown.rows = rows
		return withRows(nil, unknown)
	}
	outside := group{id: idOutside, heading: "Not currently in an establishment", where: " outside an establishment", place: byLocation}
	if !key.prison().IsPrison() {
		inside := group{id: idAny, heading: "In establishments", where: " in an establishment", place: byEstablishment}
		for _, row := range rows {
			*pick(row, &unknown, &outside, &inside) = append(*pick(row, &unknown, &outside, &inside), row)
		}
		return withRows([]group{inside, outside}, unknown)
	}
	same := group{id: idSame, heading: prisonName, where: " in " + prisonName, place: byLocation}
	other := group{id: idOther, heading: "Other establishments", where: " in other establishments", place: byEstablishment}
	for _, row := range rows {
		inside := &other
		if row.Other.prison() == key.prison() {
			inside = &same
		}
		rows := pick(row, &unknown, &outside, inside)
		*rows = append(*rows, row)
	}
	return withRows([]group{same, other, outside}, unknown)
}

// pick returns the rows of the group that a row belongs to; inside is the one of a
// prisoner in a prison.
func pick(row listRow, unknown, outside, inside *group) *[]listRow {
	switch place := row.Other.prison(); {
	case place == "":
		return &unknown.rows
	case !place.IsPrison():
		return &outside.rows
	}
	return &inside.rows
}

// withRows adds #unknown, which stands only when it has rows.
func withRows(groups []group, unknown group) []group {
	if len(unknown.rows) == 0 {
		return groups
	}
	return append(groups, unknown)
}

// sortableGroups are the tables whose order an address can give.
var sortableGroups = []string{idSame, idOther, idAny, idOutside}

// Words of an address that sorts.
const (
	byUpdated = "WHEN_UPDATED"
	byClosed  = "WHEN_CLOSED"
	orderDown = "DESC"
)

// The texts of the error summary for a bad sort.
const (
	badColumn = "Invalid sort column"
	badOrder  = "Invalid order"
)

// sortsOf reads the order of every group that can be sorted. With a fault, which is the
// text of the summary, all have the default.
func sortsOf(query url.Values, kind listKind) (sorts map[string]sorting, fault string) {
	sorts = map[string]sorting{}
	for _, group := range sortableGroups {
		by, bad := sortOf(query, group, kind)
		if bad != "" && fault == "" {
			fault = bad
		}
		sorts[group] = by
	}
	sorts[idUnknown] = defaultSort(kind)
	if fault == "" {
		return sorts, ""
	}
	for group := range sorts {
		sorts[group] = defaultSort(kind)
	}
	return sorts, fault
}

// sortOf reads the order of one group.
func sortOf(query url.Values, group string, kind listKind) (sorting, string) {
	by := defaultSort(kind)
	if query.Has(group + "Sort") {
		column := one(query, group+"Sort")
		if sortColumns[column] == nil {
			return by, badColumn
		}
		by = sorting{column, newestFirst(column)}
	}
	if query.Has(group + "Order") {
		order := one(query, group+"Order")
		if order != "ASC" && order != orderDown {
			return by, badOrder
		}
		by.descending = order == orderDown
	}
	return by, ""
}

// defaultSort is the order of a list that nobody has sorted.
func defaultSort(kind listKind) sorting {
	if kind.closed {
		return sorting{byClosed, true}
	}
	return sorting{byUpdated, true}
}

// newestFirst reports whether the first click on a column sorts it downwards: a date.
func newestFirst(column string) bool {
	return slices.Contains([]string{"WHEN_CREATED", byUpdated, byClosed}, column)
}

// clicked returns the order that a click on a column gives.
func (s sorting) clicked(column string) sorting {
	if s.column == column {
		return sorting{column, !s.descending}
	}
	return sorting{column, newestFirst(column)}
}

// order is the word of a direction in an address.
func (s sorting) order() string {
	if s.descending {
		return orderDown
	}
	return "ASC"
}

// filters are the wanted values of each filter of a list.
type filters struct {
	reasons        []domain.Reason
	restrictions   []domain.Restriction
	establishments []string
	ignored        []string // values that are not known
}

// filtersOf reads the filters. A value that no row of the unfiltered list can have is
// ignored, and named.
func filtersOf(query url.Values, rows []listRow) filters {
	var f filters
	for _, value := range unique(query["reason"]) {
		if !domain.Contains(domain.Reasons(), domain.Reason(value)) {
			f.ignored = append(f.ignored, value)
			continue
		}
		f.reasons = append(f.reasons, domain.Reason(value))
	}
	for _, value := range unique(query["restriction"]) {
		if !domain.Contains(domain.Restrictions(), domain.Restriction(value)) {
			f.ignored = append(f.ignored, value)
			continue
		}
		f.restrictions = append(f.restrictions, domain.Restriction(value))
	}
	for _, value := range unique(query["establishment"]) {
		if !slices.ContainsFunc(rows, func(r listRow) bool { return r.Other.prison().IsPrison() && r.Other.PrisonID == value }) {
			f.ignored = append(f.ignored, value)
			continue
		}
		f.establishments = append(f.establishments, value)
	}
	return f
}

// set reports whether any filter is set.
func (f filters) set() bool { return len(f.reasons)+len(f.restrictions)+len(f.establishments) > 0 }

// of returns the rows that match every filter.
func (f filters) of(rows []listRow) []listRow {
	return slices.DeleteFunc(slices.Clone(rows), func(r listRow) bool {
		return !wants(f.reasons, r.record.Reason) || !wants(f.restrictions, r.record.Restriction) || !wants(f.establishments, r.Other.PrisonID)
	})
}

// wants reports whether a filter lets a value through. A filter without values lets all
// through.
func wants[V comparable](wanted []V, value V) bool {
	return len(wanted) == 0 || slices.Contains(wanted, value)
}

// unique returns values in their order, each once.
func unique(values []string) []string {
	var once []string
	for _, value := range values {
		if !slices.Contains(once, value) {
			once = append(once, value)
		}
	}
	return once
}
