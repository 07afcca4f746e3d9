package govuk

import "html/template"

// Table is a table with a caption.
type Table struct {
	ID      string
	Caption string
	Size    Size // of the caption
	// Scrolls puts the table into a pane that scrolls sideways on its own, as every table
	// needs that is wider than a phone. The caption names the pane too.
	Scrolls bool
	Head    []Header
	// RowHeader makes the first cell of each row its heading.
	RowHeader bool
	Rows      []Row
}

// Header is the head of a column.
type Header struct {
	Text    string
	Hidden  bool // for screen readers only
	Numeric bool
	Sort    *Sort // nil for a column that nobody can sort by
}

// Sort is the link that sorts by a column.
type Sort struct {
	Href string
	// Order is how the table is sorted by it now: "ascending", "descending" or "".
	Order string
}

// Row is a row of a table. Tests and scripts find it by one of its ids.
type Row struct {
	ID      string // data-id
	EventID string // data-event-id
	Prison  string // data-prison
	Cells   []Cell
}

// Cell is a cell. What is set is drawn in this order: Text or HTML, Below, Tags, Link.
type Cell struct {
	Text    string
	HTML    template.HTML // in place of the text
	Below   string        // on a line of its own
	Tags    []Tag
	Link    *Link
	Numeric bool
	Lines   bool // the text keeps its line breaks
}
