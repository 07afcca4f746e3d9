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
// While places are not known everybody is in #unknown, which else stands only when it has
// rows.
func groupsOf(key person, prisonName string, everybody people, rows []listRow) []group {
	unknown := group{id: idUnknown, heading: "Location not known", place: byLocation}
	outside := group{id: idOutside, heading: "Not currently in an establishment", where: " outside an establishment", place: byLocation}
	var groups []group
	switch {
	case everybody.away:
		groups = []group{unknown}
	case key.prison().IsPrison():
		groups = []group{
			{id: idSame, heading: prisonName, where: " in " + prisonName, place: byLocation},
			{id: idOther, heading: "Other establishments", where: " in other establishments", place: byEstablishment},
			outside, unknown,
		}
	default:
		groups = []group{{id: idAny, heading: "In establishments", where: " in an establishment", place: byEstablishment}, outside, unknown}
	}
	for _, row := range rows {
		id := groupOf(key, row.Other, everybody.away)
		i := slices.IndexFunc(groups, func(g group) bool { return g.id == id })
		groups[i].rows = append(groups[i].rows, row)
	}
	return slices.DeleteFunc(groups, func(g group) bool { return g.id == idUnknown && len(g.rows) == 0 })
}

// groupOf returns the id of the group of another prisoner.
func groupOf(key, other person, away bool) string {
	switch place := other.prison(); {
	case away, place == "":
		return idUnknown
	case !place.IsPrison():
		return idOutside
	case !key.prison().IsPrison():
		return idAny
	case place == key.prison():
		return idSame
	}
	return idOther
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
	f.reasons = knownOf(query["reason"], &f.ignored, func(r domain.Reason) bool { return domain.Contains(domain.Reasons(), r) })
	f.restrictions = knownOf(query["restriction"], &f.ignored, func(r domain.Restriction) bool { return domain.Contains(domain.Restrictions(), r) })
	f.establishments = knownOf(query["establishment"], &f.ignored, func(id string) bool {
		return slices.ContainsFunc(rows, func(r listRow) bool { return r.Other.prison().IsPrison() && r.Other.PrisonID == id })
	})
	return f
}

// knownOf returns the values that are known, each once, and adds the others to ignored.
func knownOf[V ~string](values []string, ignored *[]string, is func(V) bool) []V {
	var found []V
	for _, value := range unique(values) {
		if is(V(value)) {
			found = append(found, V(value))
		} else {
			*ignored = append(*ignored, value)
		}
	}
	return found
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
