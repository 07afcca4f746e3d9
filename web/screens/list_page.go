package screens

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// listFilters is the form of a list's filters.
type listFilters struct {
	Reason, Restriction, Establishment govuk.Checkboxes
	// Carried are the sorts, which a filter leaves as they are.
	Carried []hidden
	Apply   govuk.Button
	Clear   govuk.Link
	Set     bool
}

// hidden is a field of a form that nobody sees.
type hidden struct{ Name, Value string }

// listPath returns the address of a prisoner's list.
func listPath(number domain.PrisonerNumber, kind listKind) string {
	path := "/prisoner/" + string(number) + "/non-associations"
	if kind.closed {
		path += "/closed"
	}
	return path
}

// page returns the page of a list.
func (l listing) page(v *visit) List {
	number := l.key.Number
	query := l.query(v.request.URL.Query())
	p := List{
		Key: l.key, Place: whereIs(l.everybody, l.key), Tabs: l.tabs(domain.Today(v.now)),
		HistoryHref: historyPath(number),
		Filters:     l.filterForm(query), CSVHref: addressOf(strings.TrimSuffix(listPath(number, l.kind), "/")+".csv", query),
	}
	if v.offers(domain.ActSearch, l.everybody, l.key, l.key) {
		p.Add = &govuk.Link{Text: "Add a non-association", Href: listPath(number, openKind) + "/add/search-prisoner"}
	}
	if !v.staffOf().HasRolesFor(domain.ActSearch) {
		p.NeedRole = needRole("Need to add non-associations?")
	}
	if len(l.rows) == 0 {
		p.Empty = fmt.Sprintf("%s has no %s non-associations.", l.key.FullName(), l.kind.word)
		return p
	}
	if l.filters.set() {
		p.Shown = fmt.Sprintf("%d of %d shown", len(l.filters.of(l.rows)), len(l.rows))
	}
	for _, g := range l.groups {
		p.Groups = append(p.Groups, l.group(g, query))
	}
	return p
}

// tabs leads to the open and to the closed records. Their counts are of all records.
func (l listing) tabs(today string) govuk.SubNavigation {
	nav := govuk.SubNavigation{Label: "Open or closed"}
	closed := 0
	for _, r := range l.records.Records {
		if r.NonAssociation.IsClosed(today) {
			closed++
		}
	}
	for _, tab := range []struct {
		kind  listKind
		text  string
		count int
	}{{openKind, "Open", len(l.records.Records) - closed}, {closedKind, wordClosed, closed}} {
		nav.Tabs = append(nav.Tabs, govuk.SubNavigationLink{
			Text: fmt.Sprintf("%s (%s)", tab.text, govuk.Count(tab.count, "record", "records")),
			Href: listPath(l.key.Number, tab.kind), Current: tab.kind == l.kind,
		})
	}
	return nav
}

// query returns the part of an address that this list goes on with: its filters that are
// known and its sorts, unless one of these is wrong.
func (l listing) query(given url.Values) url.Values {
	query := url.Values{}
	for _, reason := range l.filters.reasons {
		query.Add("reason", string(reason))
	}
	for _, restriction := range l.filters.restrictions {
		query.Add("restriction", string(restriction))
	}
	for _, establishment := range l.filters.establishments {
		query.Add("establishment", establishment)
	}
	if l.fault == "" {
		for _, sort := range sortFields(given) {
			query.Set(sort.Name, sort.Value)
		}
	}
	return query
}

// sortFields returns the part of an address that sorts.
func sortFields(query url.Values) []hidden {
	var all []hidden
	for _, group := range sortableGroups {
		for _, name := range []string{group + "Sort", group + "Order"} {
			if query.Has(name) {
				all = append(all, hidden{name, query.Get(name)})
			}
		}
	}
	return all
}

// filterForm returns the filters with what can be chosen: every reason and restriction,
// and the establishments of the unfiltered list.
func (l listing) filterForm(query url.Values) listFilters {
	f := listFilters{
		Reason:        checkboxes("reason", "Reason", domain.Reasons(), l.filters.reasons),
		Restriction:   checkboxes("restriction", "Where to keep apart", domain.Restrictions(), l.filters.restrictions),
		Establishment: govuk.Checkboxes{ID: "filter-establishment", Name: "establishment", Legend: govuk.Legend{Text: "Establishment", Size: "s"}, Small: true, Values: l.filters.establishments},
		Carried:       sortFields(query),
		Set:           l.filters.set(),
		Apply:         govuk.Button{Text: "Apply filters", Kind: govuk.Secondary},
	}
	names := map[string]string{}
	for _, row := range l.rows {
		if row.Other.prison().IsPrison() {
			names[row.Other.PrisonID] = row.Establishment
		}
	}
	for id, name := range names {
		f.Establishment.Choices = append(f.Establishment.Choices, govuk.Choice{Value: id, Text: name})
	}
	slices.SortFunc(f.Establishment.Choices, func(a, b govuk.Choice) int {
		return strings.Compare(a.Text+"\x00"+a.Value, b.Text+"\x00"+b.Value)
	})
	sorts := url.Values{}
	for _, sort := range f.Carried {
		sorts.Set(sort.Name, sort.Value)
	}
	f.Clear = govuk.Link{Text: "Clear filters", Href: addressOf(listPath(l.key.Number, l.kind), sorts)}
	return f
}

// checkboxes returns a group of the form filter for a vocabulary.
func checkboxes[W ~string](name, legend string, vocabulary []domain.Term[W], chosen []W) govuk.Checkboxes {
	boxes := govuk.Checkboxes{ID: "filter-" + name, Name: name, Legend: govuk.Legend{Text: legend, Size: "s"}, Small: true}
	for _, term := range vocabulary {
		boxes.Choices = append(boxes.Choices, govuk.Choice{Value: string(term.Code), Text: term.Description})
	}
	for _, code := range chosen {
		boxes.Values = append(boxes.Values, string(code))
	}
	return boxes
}

// group returns one table, or the sentence in its place.
func (l listing) group(g group, query url.Values) listGroup {
	out := listGroup{ID: g.id, Heading: g.heading}
	if len(g.rows) == 0 {
		out.Empty = fmt.Sprintf("%s has no %s non-associations%s.", l.key.FullName(), l.kind.word, g.where)
		if l.filters.set() {
			out.Empty = "No record matches the filters."
		}
		return out
	}
	table := &govuk.Table{
		ID: g.id, Caption: fmt.Sprintf("%s %s non-associations: %s", l.key.Possessive(), l.kind.word, g.heading), Size: "m",
		Scrolls: true, RowHeader: true, Head: l.head(g, query),
	}
	for _, row := range g.rows {
		table.Rows = append(table.Rows, l.row(g, row))
	}
	out.Table = table
	return out
}

// head returns the headers of a group's table, with the links that sort.
func (l listing) head(g group, query url.Values) []govuk.Header {
	date, dateColumn := "Last updated", byUpdated
	if l.kind.closed {
		date, dateColumn = "Date closed", byClosed
	}
	head := []govuk.Header{{Text: headName}, {Text: g.place}, {Text: headReason}, {Text: headApart}, {Text: date}, {Text: headActions, Hidden: true}}
	columns := map[int]string{0: "LAST_NAME", 4: dateColumn}
	switch g.id {
	case idUnknown:
		return head
	case idSame:
		columns[1] = "CELL_LOCATION"
	case idOther, idAny:
		columns[1] = "PRISON_NAME"
	}
	for i, column := range columns {
		next := g.sort.clicked(column)
		to := maps.Clone(query)
		to.Set(g.id+"Sort", next.column)
		to.Set(g.id+"Order", next.order())
		sort := &govuk.Sort{Href: addressOf(listPath(l.key.Number, l.kind), to)}
		if g.sort.column == column {
			sort.Order = map[bool]string{true: "descending", false: "ascending"}[g.sort.descending]
		}
		head[i].Sort = sort
	}
	return head
}

// row returns one record of a group's table.
func (l listing) row(g group, r listRow) govuk.Row {
	place := r.Location
	if g.place == byEstablishment {
		place = r.Establishment
	}
	name := govuk.Cell{Text: r.Other.ListName(), Below: string(r.Other.Number)}
	if !r.Other.named {
		name.Below = ""
	}
	return govuk.Row{ID: r.ID.String(), Cells: []govuk.Cell{
		name,
		{Text: place},
		{Text: r.Reason},
		{Text: r.Restriction, Tags: tags(r.Tags)},
		{Text: r.Date},
		{Link: &govuk.Link{
			Text: viewDetails, Hidden: fmt.Sprintf("of %s, %s", withNumber(r.Other), r.Date),
			Href: recordPath(l.key.Number, r.ID),
		}},
	}}
}

// withNumber returns "First Last (A1234BC)", or the number alone.
func withNumber(p person) string {
	if !p.named {
		return string(p.Number)
	}
	return p.FullName() + " (" + string(p.Number) + ")"
}

// tags returns the tags of a record.
func tags(texts []string) []govuk.Tag {
	all := make([]govuk.Tag, len(texts))
	for i, text := range texts {
		all[i] = govuk.Tag{Text: text, Colour: "grey"}
	}
	return all
}

// addressOf joins a path and a query.
func addressOf(path string, query url.Values) string { return withQuery(path, query.Encode()) }

// replaceNumber returns the path of a request with another key prisoner.
func replaceNumber(r *http.Request, number domain.PrisonerNumber) string {
	parts := strings.Split(r.URL.EscapedPath(), "/")
	parts[2] = string(number)
	return strings.Join(parts, "/")
}
