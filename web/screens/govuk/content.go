package govuk

import "html/template"

// Link leads to another page.
type Link struct {
	Text   string
	Hidden string // for screen readers, after the text
	Href   string
	// NewTab is for a link that leads away from what was typed. Its text then ends in
	// " (opens in new tab)".
	NewTab  bool
	Classes string
}

// ErrorLink is one entry of the error summary. Href is "#" and the id of the first
// control; without it the entry is text.
type ErrorLink struct{ Text, Href string }

// ErrorSummary lists the errors of a page in the order of its fields.
type ErrorSummary struct{ Errors []ErrorLink }

// Banner says that something was done. ID is that of the whole banner.
type Banner struct {
	ID, Text string
	Link     *Link
}

// Warning is one paragraph of #warning.
type Warning struct {
	Text string
	Link *Link // after the text
}

// Alert is an alert of the Ministry's design system.
type Alert struct {
	ID         string
	Kind       AlertKind
	Name       string // what a screen reader calls it
	Role       string // "": region
	Paragraphs []Warning
	// NoFocus leaves the focus alone. Otherwise an alert with the role "alert" takes it when
	// the page opens.
	NoFocus bool
}

// AlertKind is how an alert looks.
type AlertKind string

// The kinds of alerts.
const (
	Information  AlertKind = "information"
	AlertWarning AlertKind = "warning"
)

// WarningText is a sentence with an exclamation mark.
type WarningText struct{ Text string }

// InsetText stands apart from the text around it.
type InsetText struct {
	ID, Text string
	HTML     template.HTML // in place of the text
}

// Details hides what few people need behind a summary.
type Details struct {
	ID, Summary, Text string
	HTML              template.HTML // in place of the text
	Open              bool
}

// Tag is a word that says what something is. Colour is "", "grey", "green", "teal",
// "turquoise", "blue", "purple", "magenta", "pink", "red", "orange" or "yellow", and never
// the only difference.
type Tag struct{ Text, Colour string }

// SkipLink leads past the head of the page.
type SkipLink struct{ Text, Href string }

// Breadcrumbs lead upwards. An entry without Href is the page itself.
type Breadcrumbs struct{ Links []Link }

// Pagination leads to the other pages of a long list.
type Pagination struct {
	Label          string // "": Pagination
	Previous, Next string // addresses; "" on the first and on the last page
	Pages          []PageLink
}

// PageLink is one page of a pagination, or a gap.
type PageLink struct {
	Number  int
	Href    string
	Current bool
	Gap     bool
}

// SubNavigation is a row of links, one of them the page itself.
type SubNavigation struct {
	Label string
	Tabs  []SubNavigationLink
}

// SubNavigationLink is one link of it.
type SubNavigationLink struct {
	Text, Href string
	Current    bool
}

// SummaryList is a list of names and values.
type SummaryList struct {
	ID   string
	Rows []SummaryRow
}

// SummaryRow is one of them. The value is Text, or HTML when that is set.
type SummaryRow struct {
	Key, Text string
	HTML      template.HTML
	Lines     bool // the text keeps its line breaks
	Actions   []Link
}

// HasActions reports whether any row has a link.
func (s SummaryList) HasActions() bool {
	for _, row := range s.Rows {
		if len(row.Actions) > 0 {
			return true
		}
	}
	return false
}

// Timeline is a list of what happened, newest first.
type Timeline struct {
	ID    string
	Items []TimelineItem
}

// TimelineItem is one fact. Level 2 headings stand above it. What is set of its
// description is drawn in the order of the fields.
type TimelineItem struct {
	EventID string
	Title   string
	By      string // a user name; "" when nobody is known
	Tag     *Tag
	When    string // in words
	ISO     string // for machines

	HTML    template.HTML
	Lines   []string // paragraphs, which keep their line breaks
	Changes []TimelineChange
	Link    *Link
	About   *Details
}

// TimelineChange is one value before and after a fact.
type TimelineChange struct{ Field, Was, Now string }
