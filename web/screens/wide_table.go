package screens

import (
	"html/template"
	"strings"

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

// rowWriter writes the rows of a wide table. Every text is escaped.
type rowWriter struct {
	strings.Builder

	everybody people
	links     bool // each row has a link to its record
	last      domain.PrisonerNumber
}

// newRows returns a writer for a number of rows.
func newRows(everybody people, rows int) *rowWriter {
	return &rowWriter{everybody: everybody, links: rows <= maxLinked}
}

// prisoner begins a row with the prisoner whom it is about. The rows of one prisoner that
// follow each other stay together on paper, and the first of them has the link to the
// prisoner's list.
func (w *rowWriter) prisoner(number domain.PrisonerNumber) {
	if number == w.last {
		w.WriteString("<tr><th scope=row>")
		w.name(w.everybody.of(number))
		return
	}
	w.WriteString("<tbody><tr class=first><th scope=row><a class=govuk-link href=\"")
	w.WriteString(listPath(number, openKind))
	w.WriteString("\">")
	w.name(w.everybody.of(number))
	w.WriteString("</a>")
	w.last = number
}

// other adds a cell with another prisoner.
func (w *rowWriter) other(number domain.PrisonerNumber) {
	w.WriteString("<td>")
	w.name(w.everybody.of(number))
}

// name writes a name with its number below.
func (w *rowWriter) name(p person) {
	if p.named {
		w.WriteString(template.HTMLEscapeString(p.ListName()))
		w.WriteString(" <br>")
	}
	w.WriteString(string(p.Number))
}

// text adds a cell.
func (w *rowWriter) text(text string) {
	w.WriteString("<td>")
	w.WriteString(template.HTMLEscapeString(text))
}

// tag adds a cell with a tag.
func (w *rowWriter) tag(text, colour string) {
	w.WriteString("<td><strong class=\"govuk-tag govuk-tag--" + colour + "\">")
	w.WriteString(template.HTMLEscapeString(text))
	w.WriteString("</strong>")
}

// details adds a cell with the link to a record of the prisoner of the row.
func (w *rowWriter) details(one, other domain.PrisonerNumber, id uuid.UUID) {
	if !w.links {
		return
	}
	w.WriteString("<td class=app-no-print><a class=govuk-link href=\"")
	w.WriteString(recordPath(one, id))
	w.WriteString("\">View details<span class=govuk-visually-hidden> of ")
	w.WriteString(template.HTMLEscapeString(withNumber(w.everybody.of(one)) + " and " + withNumber(w.everybody.of(other))))
	w.WriteString("</span></a>")
}

// recordPath returns the address of a record, seen from one of its prisoners.
func recordPath(number domain.PrisonerNumber, id uuid.UUID) string {
	return listPath(number, openKind) + "/" + id.String()
}

// table returns the table of the rows that were written; nil without any.
func (w *rowWriter) table(id, caption string, head ...string) *wideTable {
	if w.Len() == 0 {
		return nil
	}
	if w.links {
		head = append(head, "Actions")
	}
	return &wideTable{ID: id, Caption: caption, Head: head, Body: template.HTML(w.String())} //nolint:gosec // every text was escaped
}
