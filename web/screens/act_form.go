package screens

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// Act is the form of a change by an operator, or what the change would do.
type Act struct {
	Heading, Object string
	Hidden          []hidden
	Fields          []actControl       // of the first step
	Typed           []govuk.SummaryRow // of the second step
	Plan            []string
	Button          govuk.Button
	Cancel          govuk.Link
}

// actControl is one field as it is drawn.
type actControl struct {
	Radios   *govuk.Radios
	Input    *govuk.Input
	Textarea *govuk.Textarea
}

// actField is one field of the form act.
type actField struct {
	name, label, hint string
	choices           []govuk.Choice // of radios
	lines             bool           // a text of several lines
	// check returns the value as it is used, and what is wrong with what was typed.
	check func(typed string, now time.Time) (value, fault string)
	// stands is what the field begins with.
	stands string
}

const (
	actID      = "act"
	hiddenPlan = "planId"

	fieldStage = "stage"
	fieldText  = "text"
	fieldScope = "scope"
	fieldUntil = "until"
)

// maxReason bounds reasons and announcements, in UTF-16 units: as for the API.
const maxReason = 1000

// whyField is the field that every act has.
func whyField() actField {
	return actField{name: fieldReason, label: "Reason", lines: true, check: func(typed string, _ time.Time) (string, string) {
		return prose(typed, "Enter a reason", "Reason")
	}}
}

// allFields are the fields of the form, the reason last.
func (a act) allFields() []actField { return append(slices.Clip(a.fields), whyField()) }

// prose checks a text that must not be blank.
func prose(typed, missing, name string) (value, fault string) {
	switch err := domain.CheckTyped(typed, maxReason); {
	case errors.Is(err, domain.ErrBlank):
		return "", missing
	case errors.Is(err, domain.ErrTooLong):
		return "", name + " must be 1000 characters or less"
	case err != nil:
		return "", name + " contains a character that cannot be used"
	}
	return strings.TrimSpace(typed), ""
}

// chosen returns the check of a choice: one that is not offered counts as none.
func chosen(choices []govuk.Choice, missing string) func(string, time.Time) (string, string) {
	return func(typed string, _ time.Time) (string, string) {
		for _, choice := range choices {
			if choice.Value == typed {
				return typed, ""
			}
		}
		return "", missing
	}
}

// actDraft is what stands in the form of an act.
type actDraft struct {
	values url.Values        // as typed; nil: nothing yet
	faults map[string]string // by field
	// The next three are those of a plan that is shown.
	plan   *actPlan
	planID string
	typed  actTyped
}

// check returns the values of the fields, the reason last, and what is wrong with them.
func (d actDraft) check(ctx context.Context, a act, now time.Time) (actTyped, map[string]string, error) {
	typed, faults := actTyped{}, map[string]string{}
	for _, f := range a.allFields() {
		value, fault := f.check(text(d.values, f.name), now)
		if fault != "" {
			faults[f.name] = fault
		}
		typed[f.name] = value
	}
	// What depends on the state is judged once: Confirm may find it changed by itself.
	if a.needs == nil || one(d.values, hiddenPlan) != "" {
		return typed, faults, nil
	}
	field, fault, err := a.needs(ctx, typed)
	if fault != "" && faults[field] == "" {
		faults[field] = fault
	}
	return typed, faults, err
}

// links returns the error summary, in the order of the fields.
func (d actDraft) links(fields []actField) []govuk.ErrorLink {
	var links []govuk.ErrorLink
	for _, f := range fields {
		if fault := d.faults[f.name]; fault != "" {
			links = append(links, govuk.ErrorLink{Text: fault, Href: "#" + actID + "-" + f.name})
		}
	}
	return links
}

// actPage returns the page of an act: its form, or its plan when the draft has one.
func (s *Screens) actPage(v *visit, a act, draft actDraft) answer {
	key, err := uuid.Parse(one(draft.values, hiddenKey))
	if err != nil {
		key = s.newID()
	}
	p := Act{
		Heading: a.heading, Object: capital(a.object), Cancel: govuk.Link{Text: "Cancel", Href: a.back.path},
		Hidden: []hidden{{hiddenForm, actID}, {hiddenKey, key.String()}, {hiddenUser, v.session.UserName}},
	}
	fields := a.allFields()
	if draft.plan == nil {
		for _, f := range fields {
			p.Fields = append(p.Fields, f.control(draft))
		}
		p.Button = govuk.Button{Text: "Show what this will do"}
	} else {
		for _, f := range fields {
			value := draft.typed[f.name]
			p.Hidden = append(p.Hidden, hidden{f.name, value})
			p.Typed = append(p.Typed, govuk.SummaryRow{Key: f.label, Text: orText(f.words(value), "None"), Lines: f.lines})
		}
		p.Hidden = append(p.Hidden, hidden{hiddenPlan, draft.planID})
		p.Plan, p.Button = draft.plan.Lines, govuk.Button{Text: "Confirm", Once: true}
	}
	return answer{
		page: p, title: a.heading, subjects: a.subjects,
		crumbs: []crumb{{operationsTitle, operationsPath}, {a.back.title, a.back.path}, {a.heading, ""}},
	}
}

// control draws a field with what stands in it.
func (f actField) control(draft actDraft) actControl {
	id, fault, value := actID+"-"+f.name, draft.faults[f.name], f.stands
	if draft.values != nil {
		value = text(draft.values, f.name)
	}
	switch {
	case f.choices != nil:
		return actControl{Radios: &govuk.Radios{
			ID: id, Name: f.name, Legend: govuk.Legend{Text: f.label, Size: "m"}, Error: fault, Value: value, Choices: f.choices,
		}}
	case f.lines:
		return actControl{Textarea: &govuk.Textarea{ID: id, Name: f.name, Label: govuk.Label{Text: f.label}, Hint: f.hint, Error: fault, Value: value, Rows: 3}}
	}
	return actControl{Input: &govuk.Input{
		ID: id, Name: f.name, Label: govuk.Label{Text: f.label}, Hint: f.hint, Error: fault, Value: value, Width: 10, Exact: true,
	}}
}

// words returns a value as it is read.
func (f actField) words(value string) string {
	for _, choice := range f.choices {
		if choice.Value == value {
			return choice.Text
		}
	}
	return value
}

// dayField is a field with a day, such as 2027-01-31.
func dayField(name, label, hint string, check func(typed string, now time.Time) (string, string)) actField {
	return actField{name: name, label: label, hint: hint, check: check}
}

// errNoDay means that a text is no day.
var errNoDay = errors.New("is no day such as 2027-01-31")

// parseDay returns a day as it is stored.
func parseDay(typed string) (string, error) {
	if _, err := time.Parse(time.DateOnly, typed); err != nil {
		return "", errNoDay
	}
	return typed, nil
}
