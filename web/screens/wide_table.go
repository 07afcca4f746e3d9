package screens

import (
	"html/template"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// wideTable is a table of which a page may have thousands of rows. Its rows are written
// without a template, which would need a second for them, and without classes: app.css
// gives them the look of the design system.
type wideTable struct {
	ID, Caption string
	Head        []string
	Body        template.HTML
}

// maxLinked is the number of rows up to which each has a link to its record. The id of a
// record hardly compresses: more of them make a page too large for a slow line. Beyond it
// the prisoners' names lead to their lists.
const maxLinked = 1000

// rowWriter writes the rows of a wide table.
type rowWriter struct {
	body      []byte
	everybody people
	names     map[domain.PrisonerNumber]string // as nameCell writes them
	links     bool                             // each row has a link to its record
	last      domain.PrisonerNumber
}

// newRows returns a writer for a number of rows.
func newRows(everybody people, rows int) *rowWriter {
	return &rowWriter{everybody: everybody, names: map[domain.PrisonerNumber]string{}, links: rows <= maxLinked}
}

// markup adds markup of this file, and what was escaped.
func (w *rowWriter) markup(parts ...string) {
	for _, part := range parts {
		w.body = append(w.body, part...)
	}
}

// prisoner begins a row with the prisoner whom it is about. The rows of one prisoner that
// follow each other stay together on paper, and the first of them has the link to the
// prisoner's list.
func (w *rowWriter) prisoner(number domain.PrisonerNumber) {
	name := w.name(number)
	if number == w.last {
		w.markup("<tr><th scope=row>", name)
		return
	}
	w.last = number
	w.markup("<tbody><tr class=first><th scope=row><a class=govuk-link href=\"", listPath(number, openKind), "\">", name, "</a>")
}

// other adds a cell with another prisoner.
func (w *rowWriter) other(number domain.PrisonerNumber) {
	w.markup("<td>", w.name(number))
}

// name returns a name as nameCell does. A prisoner stands in many rows.
func (w *rowWriter) name(number domain.PrisonerNumber) string {
	name, known := w.names[number]
	if !known {
		name = nameCell(w.everybody.of(number))
		w.names[number] = name
	}
	return name
}

// nameCell returns a name, escaped, with the number below.
func nameCell(p person) string {
	if !p.named {
		return string(p.Number)
	}
	return template.HTMLEscapeString(p.ListName()) + " <br>" + string(p.Number)
}

// text adds a cell.
func (w *rowWriter) text(text string) {
	w.markup("<td>", template.HTMLEscapeString(text))
}

// tooClose adds a cell that says whether two would be too close.
func (w *rowWriter) tooClose(is bool) {
	if is {
		w.markup("<td><strong class=\"govuk-tag govuk-tag--red\">Too close</strong>")
		return
	}
	w.markup("<td>No")
}

// details adds a cell with the link to a record of the prisoner of the row.
func (w *rowWriter) details(one, other domain.PrisonerNumber, id uuid.UUID) {
	if !w.links {
		return
	}
	both := withNumber(w.everybody.of(one)) + " and " + withNumber(w.everybody.of(other))
	w.markup("<td class=app-no-print><a class=govuk-link href=\"", recordPath(one, id), "\">View details<span class=govuk-visually-hidden> of ",
		template.HTMLEscapeString(both), "</span></a>")
}

// table returns the table of the rows that were written; nil without any.
func (w *rowWriter) table(id, caption string, head ...string) *wideTable {
	if len(w.body) == 0 {
		return nil
	}
	if w.links {
		head = append(head, "Actions")
	}
	return &wideTable{ID: id, Caption: caption, Head: head, Body: template.HTML(w.body)} //nolint:gosec // every text was escaped
}
