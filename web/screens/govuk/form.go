package govuk

import (
	"html/template"
	"strconv"
	"strings"
)

// Button sends a form, or is a link drawn as a button when Href is set.
type Button struct {
	Text   string
	Hidden string // for screen readers, after the text
	Kind   ButtonKind
	Href   string

	ID, Name, Value string
	// Once drops a second press within a second.
	Once bool
	// NewTab is for a link that leads away from what was typed.
	NewTab bool
}

// ButtonKind is how a button looks. The zero value is the main one of a page.
type ButtonKind string

// The other kinds.
const (
	Secondary ButtonKind = "secondary"
	Warns     ButtonKind = "warning"
)

// Label names a control.
type Label struct {
	Text    string
	Size    Size
	Heading bool // it is the h1 of the page
	Hidden  bool // for screen readers only
	For     string
}

// Legend names a group of controls.
type Legend struct {
	Text    string
	Size    Size
	Heading bool // it is the h1 of the page
	Hidden  bool // for screen readers only
}

// Size is the size of a label, legend or caption: "", "s", "m", "l" or "xl".
type Size string

// Fieldset has a legend and what it is about.
type Fieldset struct {
	Legend      Legend
	DescribedBy string
	Role        string
	HTML        template.HTML
}

// Hint explains a control.
type Hint struct{ ID, Text, Classes string }

// ErrorMessage says what is wrong with a control.
type ErrorMessage struct{ ID, Text string }

// Input is a text field of one line. ID is "{form}-{field}".
type Input struct {
	ID, Name    string
	Label       Label
	Hint, Error string
	Value       string
	// Width is 2, 3, 4, 5, 10, 20 or 30 characters; 0 fills the line.
	Width        int
	InputMode    string
	Autocomplete string
	// Exact is for numbers and user names: no spelling check.
	Exact bool
}

// Textarea is a text field of several lines. ID is "{form}-{field}".
type Textarea struct {
	ID, Name    string
	Label       Label
	Hint, Error string
	Value       string
	Rows        int // 0: 5
	Exact       bool
	Described   string // ids of further descriptions

	count *CharacterCount
}

// CharacterCount is a text field that says how many UTF-16 units are left. The server
// counts in the same way: line feeds alone, and no white space around the text.
type CharacterCount struct {
	Textarea

	Max int
}

// Choice is one of several radios or checkboxes.
type Choice struct {
	Value, Text, Hint string
	Checked           bool
	// ID is set by the group: its own on the first choice, then with -1, -2, ….
	ID string
}

// Radios let a user choose one of several. ID is "{form}-{field}" and that of the first
// radio, so that a link of the error summary leads there; the others end in -1, -2, ….
type Radios struct {
	ID, Name    string
	Legend      Legend
	Hint, Error string
	Inline      bool
	Small       bool
	Value       string // of the choice that is checked
	Choices     []Choice
}

// Checkboxes let a user choose any of several. The ids are as those of [Radios].
type Checkboxes struct {
	ID, Name    string
	Legend      Legend
	Hint, Error string
	Small       bool
	Values      []string // of the choices that are checked
	Choices     []Choice
}

// described joins the ids of what describes a control, "" when nothing does.
func described(id, hint, fault string, first ...string) string {
	if hint != "" {
		first = append(first, id+"-hint")
	}
	if fault != "" {
		first = append(first, id+"-error")
	}
	return strings.TrimSpace(strings.Join(first, " "))
}

// numbered gives the choices of a group their ids.
func numbered(id string, choices []Choice) []Choice {
	all := make([]Choice, len(choices))
	for i, c := range choices {
		if c.ID == "" {
			c.ID = id
			if i > 0 {
				c.ID = id + "-" + strconv.Itoa(i)
			}
		}
		all[i] = c
	}
	return all
}

// What the templates ask of a component. They are exported because templates call them.

// Labelled returns the label with the id of its field.
func (i Input) Labelled() Label { i.Label.For = i.ID; return i.Label }

// HintOf returns the hint with its id.
func (i Input) HintOf() Hint { return Hint{ID: i.ID + "-hint", Text: i.Hint} }

// ErrorOf returns the error with its id.
func (i Input) ErrorOf() ErrorMessage { return ErrorMessage{i.ID + "-error", i.Error} }

// DescribedBy returns the ids of what describes the field.
func (i Input) DescribedBy() string { return described(i.ID, i.Hint, i.Error) }

// Labelled returns the label with the id of its field.
func (a Textarea) Labelled() Label { a.Label.For = a.ID; return a.Label }

// HintOf returns the hint with its id.
func (a Textarea) HintOf() Hint { return Hint{ID: a.ID + "-hint", Text: a.Hint} }

// ErrorOf returns the error with its id.
func (a Textarea) ErrorOf() ErrorMessage { return ErrorMessage{a.ID + "-error", a.Error} }

// DescribedBy returns the ids of what describes the field.
func (a Textarea) DescribedBy() string { return described(a.ID, a.Hint, a.Error, a.Described) }

// Count returns the counter around the field, nil without one.
func (a Textarea) Count() *CharacterCount { return a.count }

// Counted returns the field with its counter.
func (c CharacterCount) Counted() Textarea {
	a := c.Textarea
	a.Described, a.count = c.ID+"-info", &c
	return a
}

// Info returns what stands in place of the counter where no script runs.
func (c CharacterCount) Info() Hint {
	return Hint{c.ID + "-info", "You can enter up to " + strconv.Itoa(c.Max) + " characters", "govuk-character-count__message"}
}

// Numbered returns the choices with their ids.
func (r Radios) Numbered() []Choice {
	all := numbered(r.ID, r.Choices)
	for i := range all {
		all[i].Checked = all[i].Checked || r.Value != "" && all[i].Value == r.Value
	}
	return all
}

// DescribedBy returns the ids of what describes the group.
func (r Radios) DescribedBy() string { return described(r.ID, r.Hint, r.Error) }

// Numbered returns the choices with their ids.
func (c Checkboxes) Numbered() []Choice {
	all := numbered(c.ID, c.Choices)
	for i := range all {
		for _, value := range c.Values {
			all[i].Checked = all[i].Checked || all[i].Value == value
		}
	}
	return all
}

// DescribedBy returns the ids of what describes the group.
func (c Checkboxes) DescribedBy() string { return described(c.ID, c.Hint, c.Error) }
