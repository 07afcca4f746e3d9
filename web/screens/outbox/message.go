package outbox

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/web/screens/store"
)

// The kinds of subjects of the estate.
const (
	subjectPrisoner = "PRISONER_ID"
	subjectTerm     = "SEARCH_TERM"
	subjectNone     = "NOT_APPLICABLE"
)

// service is the name of this service in the estate's audit.
const service = "nonassociations"

// message is what the estate's audit takes. A field that does not apply is null.
type message struct {
	What          string  `json:"what"`
	When          string  `json:"when"` // RFC 3339, UTC
	Who           string  `json:"who"`
	Service       string  `json:"service"`
	SubjectID     *string `json:"subjectId"`
	SubjectType   string  `json:"subjectType"`
	CorrelationID string  `json:"correlationId"`
	Details       string  `json:"details"` // JSON
}

// details say what a view was of, beside its subject.
type details struct {
	Route           string   `json:"route"`
	Query           string   `json:"query"`
	Position        *uint64  `json:"position"` // null for a page about no records
	Build           string   `json:"build"`
	OutsideCaseload bool     `json:"outsideCaseload"`
	Shown           []string `json:"shown"`
	// ShownInAll is how many were shown, where the message does not name all.
	ShownInAll int `json:"shownInAll,omitzero"`
}

// What a message has at most, so that any view fits into one: a message of SQS has at most
// 256 KiB. The table has the whole of each.
const (
	maxText  = 2000 // characters of a text that a stranger gave
	maxShown = 5000 // numbers
)

// messagesOf returns the messages of a view as JSON: one a subject. A view of nobody is one
// message, of a search with the term as its subject.
func messagesOf(v store.View) ([]string, error) {
	about, err := json.Marshal(detailsOf(v))
	if err != nil {
		return nil, fmt.Errorf("write the details of a view: %w", err)
	}
	term := termOf(v)
	m := message{
		What: whatOf(v, term), When: v.At.UTC().Format(time.RFC3339Nano), Who: sendable(v.UserName), Service: service, SubjectType: subjectNone,
		CorrelationID: v.RequestID.String(), Details: string(about),
	}
	if len(v.Subjects) == 0 {
		if term != "" {
			m.SubjectType, m.SubjectID = subjectTerm, &term
		}
		text, err := m.text()
		return []string{text}, err
	}
	var all []string
	for _, subject := range v.Subjects {
		id := sendable(string(subject))
		m.SubjectType, m.SubjectID = subjectPrisoner, &id
		text, err := m.text()
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}

// text returns the message as JSON.
func (m message) text() (string, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("write the message of a view: %w", err)
	}
	return string(text), nil
}

// whatOf returns what a user did. A page that was refused is an attempt, whatever it was.
func whatOf(v store.View, term string) string {
	switch {
	case v.Refused:
		return "ACCESS_ATTEMPT_" + string(v.Page)
	case term != "":
		return "SEARCH_PRISONER"
	}
	return "PAGE_VIEW_" + string(v.Page)
}

// termOf returns the term of a search; "" for a page without one. A term that was sent
// twice was none for the page either.
func termOf(v store.View) string {
	if v.Page != store.PageSearch {
		return ""
	}
	query, _ := url.ParseQuery(v.Query) // what can be read of it is returned
	if terms := query["q"]; len(terms) == 1 {
		return sendable(strings.TrimSpace(terms[0]))
	}
	return ""
}

// detailsOf returns the details of a view.
func detailsOf(v store.View) details {
	d := details{
		Route: sendable(v.Route), Query: sendable(v.Query), Build: sendable(v.Build), OutsideCaseload: v.OutsideCaseload, Shown: []string{},
	}
	if v.Position != 0 {
		d.Position = &v.Position
	}
	for _, number := range v.Shown[:min(len(v.Shown), maxShown)] {
		d.Shown = append(d.Shown, sendable(string(number)))
	}
	if len(v.Shown) > maxShown {
		d.ShownInAll = len(v.Shown)
	}
	return d
}

// sendable returns a text that SQS takes: without the two characters that it refuses and
// JSON does not escape, and of bounded length.
func sendable(text string) string {
	text = strings.NewReplacer("\uFFFE", "\uFFFD", "\uFFFF", "\uFFFD").Replace(strings.ToValidUTF8(text, "\uFFFD"))
	if runes := []rune(text); len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return text
}
