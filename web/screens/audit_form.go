package screens

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// auditForm is the form of a page of auditors.
type auditForm struct {
	Inputs []govuk.Input
	Source *govuk.Radios // nil but for facts
	Show   govuk.Button
	Clear  *govuk.Link // nil while nothing was asked
}

// auditQuestion is what an auditor asked for.
type auditQuestion struct {
	form   string // its name: views, facts or actions
	fields []string
	query  url.Values

	prisoner domain.PrisonerNumber // "": anybody
	user     string                // "": anybody
	from, to string                // days of London, both included; "": no limit
	source   domain.Source         // "": any

	errors  []govuk.ErrorLink
	ignored []string // values that no field has
}

// The fields of the forms.
const (
	fieldPrisoner = "prisoner"
	fieldUser     = "user"
	fieldFrom     = "from"
	fieldTo       = "to"
	fieldSource   = "source"
)

// auditLabels are the labels of the text fields.
var auditLabels = map[string]string{fieldPrisoner: "Prison number", fieldUser: "User name", fieldFrom: "From", fieldTo: "To"}

// auditHints say how a field is compared.
var auditHints = map[string]string{
	fieldUser: "Exactly as it is written, capitals too", fieldFrom: "For example, 2026-07-26", fieldTo: "This day is included. For example, 2026-07-26",
}

// factSources are the sources that can be chosen, in their order.
var factSources = []domain.Source{domain.DPS, domain.NOMIS, domain.Migration, domain.Merge}

// readAuditQuestion reads a form that was sent in an address.
func readAuditQuestion(form string, query url.Values, fields ...string) auditQuestion {
	q := auditQuestion{form: form, fields: fields, query: query}
	for _, field := range fields {
		switch typed := storable(text(query, field)); {
		case typed == "":
		case field == fieldPrisoner:
			q.readPrisoner(typed)
		case field == fieldUser:
			q.user = typed
		case field == fieldFrom:
			q.from = q.day(field, typed)
		case field == fieldTo:
			q.to = q.day(field, typed)
		case field == fieldSource:
			q.readSource(typed)
		}
	}
	return q
}

// storable replaces what no text of Postgres can hold, as the tables do.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

func (q *auditQuestion) readPrisoner(typed string) {
	number, err := domain.ParsePrisonerNumber(typed)
	if err != nil {
		q.refuse(fieldPrisoner, echoed(typed)+" is not a prison number")
		return
	}
	q.prisoner = number
}

func (q *auditQuestion) readSource(typed string) {
	if source := domain.Source(typed); slices.Contains(factSources, source) {
		q.source = source
		return
	}
	q.ignored = append(q.ignored, typed)
}

// day returns a day that was typed; "" for one that does not exist.
func (q *auditQuestion) day(field, typed string) string {
	if day, err := time.Parse(time.DateOnly, typed); err != nil || day.Year() < 1 {
		q.refuse(field, "Enter a date")
		return ""
	}
	return typed
}

// refuse adds an error of a field.
func (q *auditQuestion) refuse(field, why string) {
	q.errors = append(q.errors, govuk.ErrorLink{Text: why, Href: "#" + q.form + "-" + field})
}

// isAsked reports whether the form was sent, filled in or not.
func (q auditQuestion) isAsked() bool {
	return slices.ContainsFunc(q.fields, q.query.Has)
}

// period returns the times of the days: from the beginning of the first up to, and without,
// that of the day after the last. A day of London may have 23 or 25 hours. The zero time is
// no limit.
func (q auditQuestion) period(london *time.Location) (from, before time.Time) {
	if q.from != "" {
		from, _ = time.ParseInLocation(time.DateOnly, q.from, london) // it was parsed before
	}
	if q.to != "" {
		last, _ := time.ParseInLocation(time.DateOnly, q.to, london)
		before = last.AddDate(0, 0, 1)
	}
	return from, before
}

// subjects are whose page it is: that of the prisoner asked for, else nobody's.
func (q auditQuestion) subjects() []domain.PrisonerNumber {
	if q.prisoner == "" {
		return []domain.PrisonerNumber{}
	}
	return []domain.PrisonerNumber{q.prisoner}
}

// page returns the form as it was typed, with its errors.
func (q auditQuestion) page() auditForm {
	form := auditForm{Show: govuk.Button{Text: "Show", Kind: govuk.Secondary}}
	if q.isAsked() {
		form.Clear = &govuk.Link{Text: "Clear", Href: "/audit/" + q.form}
	}
	for _, field := range q.fields {
		if field == fieldSource {
			form.Source = q.sources()
			continue
		}
		input := govuk.Input{
			ID: q.form + "-" + field, Name: field, Label: govuk.Label{Text: auditLabels[field]}, Hint: auditHints[field],
			Value: one(q.query, field), Width: 20, Exact: true, Autocomplete: "off",
		}
		if field == fieldPrisoner || field == fieldFrom || field == fieldTo {
			input.Width = 10
		}
		for _, e := range q.errors {
			if e.Href == "#"+input.ID {
				input.Error = e.Text
			}
		}
		form.Inputs = append(form.Inputs, input)
	}
	return form
}

// sources returns the choice of where facts came from.
func (q auditQuestion) sources() *govuk.Radios {
	radios := &govuk.Radios{
		ID: q.form + "-" + fieldSource, Name: fieldSource, Legend: govuk.Legend{Text: "Source"}, Inline: true, Small: true, Value: string(q.source),
		Choices: []govuk.Choice{{Text: "Any", Checked: q.source == ""}},
	}
	for _, source := range factSources {
		radios.Choices = append(radios.Choices, govuk.Choice{Value: string(source), Text: sourceTags[source].Text})
	}
	return radios
}
