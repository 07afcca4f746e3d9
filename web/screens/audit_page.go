package screens

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// AuditPage is a page of auditors: a form, and what it finds, newest first.
type AuditPage struct {
	Heading string
	Tabs    govuk.SubNavigation
	Form    auditForm
	// Asked says that something was looked for; without it the form stands alone.
	Asked         bool
	Empty         string // the sentence in place of the table
	Table         *govuk.Table
	Newest, Older *govuk.Link // nil where there are none
	CSV           *govuk.Link
}

// auditPageSize is how many rows one page of auditors has.
const auditPageSize = 50

// The addresses of the pages of auditors.
const (
	viewsPath   = "/audit/views"
	factsPath   = "/audit/facts"
	actionsPath = "/audit/actions"
)

// auditPages are the pages of auditors, in the order of their links.
var auditPages = []crumb{{"Who looked at whom", viewsPath}, {"Facts", factsPath}, {"What operators did", actionsPath}}

// auditAnswer returns the answer that all pages of auditors begin with. What is wrong with
// the form makes it a 400, with nothing below the form.
func auditAnswer(path string, q auditQuestion) answer {
	page := AuditPage{Tabs: govuk.SubNavigation{Label: "Audit"}, Form: q.page()}
	for _, one := range auditPages {
		page.Tabs.Tabs = append(page.Tabs.Tabs, govuk.SubNavigationLink{Text: one.text, Href: one.href, Current: one.href == path})
		if one.href == path {
			page.Heading = one.text
		}
	}
	out := answer{
		page: page, title: page.Heading, crumbs: []crumb{{page.Heading, ""}}, subjects: q.subjects(),
		errors: q.errors, warnings: ignoredFilters(q.ignored),
	}
	if len(q.errors) > 0 {
		out.status = http.StatusBadRequest
	}
	return out
}

// withRows adds what was found to an answer. older is the place behind the last row, "" on
// the last page.
func (a answer) withRows(address *url.URL, table *govuk.Table, older string) answer {
	page, _ := a.page.(AuditPage)
	page.Asked, page.Table = true, table
	if len(table.Rows) == 0 {
		page.Table, page.Empty = nil, "Nothing was found."
	}
	if query := address.Query(); query.Has(beforeField) {
		query.Del(beforeField)
		page.Newest = &govuk.Link{Text: "Newest", Href: addressOf(address.EscapedPath(), query)}
	}
	if older != "" {
		query := address.Query()
		query.Set(beforeField, older)
		page.Older = &govuk.Link{Text: "Older", Href: addressOf(address.EscapedPath(), query)}
	}
	a.page = page
	return a
}

// beforeField names the place in an address behind which a page begins.
const beforeField = "before"

// timePlace is a place in a list that is ordered by time and id. A page that begins behind
// one leaves none out and shows none twice, whatever was added meanwhile.
type timePlace struct {
	at time.Time
	id uuid.UUID
}

// lastPlace is after every time that a list can have.
var lastPlace = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// placeIn reads the place of an address. One that is missing or malformed is the zero
// value: the page then begins with the newest.
func placeIn(query url.Values) timePlace {
	at, id, _ := strings.Cut(one(query, beforeField), "-")
	micros, err := strconv.ParseInt(at, 10, 64)
	parsed, wrong := uuid.Parse(id)
	if err != nil || wrong != nil || micros < 0 || micros > lastPlace.UnixMicro() {
		return timePlace{}
	}
	return timePlace{time.UnixMicro(micros), parsed}
}

// String returns the place as an address has it. Postgres keeps microseconds.
func (p timePlace) String() string {
	return strconv.FormatInt(p.at.UnixMicro(), 10) + "-" + p.id.String()
}

// toTheSecond returns a time of a list, 26/07/2023 14:05:09.
func toTheSecond(at time.Time, london *time.Location) string {
	at = at.In(london)
	return listDate(at) + " " + at.Format("15:04:05")
}

// shortened returns a text of at most some characters. A text of a stranger may be long,
// and a file has the whole of it.
func shortened(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}

// numbersText returns prisoner numbers with blanks between.
func numbersText(numbers []domain.PrisonerNumber) string {
	texts := make([]string, len(numbers))
	for i, number := range numbers {
		texts[i] = string(number)
	}
	return strings.Join(texts, " ")
}
