package govuk_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nonassociations/web/screens/govuk"
)

// converter turns the vendor's options into a component, or names the option that the
// component does not have.
type converter func(options json.RawMessage) (component any, missing string)

var converters = map[string]converter{
	"breadcrumbs":         of(breadcrumbs),
	"button":              of(button),
	"character-count":     of(characterCount),
	"checkboxes":          of(checkboxes),
	"details":             of(details),
	"error-message":       of(errorMessage),
	"error-summary":       of(errorSummary),
	"fieldset":            of(fieldset),
	"hint":                of(hint),
	"input":               of(input),
	"inset-text":          of(insetText),
	"label":               of(label),
	"notification-banner": of(banner),
	"pagination":          of(pagination),
	"radios":              of(radios),
	"skip-link":           of(skipLink),
	"summary-list":        of(summaryList),
	"table":               of(table),
	"tag":                 of(tag),
	"textarea":            of(textarea),
	"warning-text":        of(warningText),
}

var unknown = regexp.MustCompile(`unknown field "(.*)"`)

// of decodes the options of one component strictly. A conversion panics with the name of
// an option that is missing.
func of[O any](convert func(O) any) converter {
	return func(options json.RawMessage) (component any, missing string) {
		decoder := json.NewDecoder(bytes.NewReader(options))
		decoder.DisallowUnknownFields()
		var o O
		if err := decoder.Decode(&o); err != nil {
			if found := unknown.FindStringSubmatch(err.Error()); found != nil {
				return nil, found[1]
			}
			return nil, "falsy"
		}
		defer func() {
			if name, is := recover().(lacks); is {
				missing = string(name)
			}
		}()
		return convert(o), ""
	}
}

// lacks is the name of an option that a component does not have.
type lacks string

// need ends a conversion unless a value of an option can be said.
func need(said bool, option string) {
	if !said {
		panic(lacks(option))
	}
}

// sized returns what a class says of a size.
func sized(class, prefix string) govuk.Size {
	if class == "" {
		return ""
	}
	size, ok := strings.CutPrefix(class, prefix)
	need(ok && slices.Contains([]string{"s", "m", "l", "xl"}, size), "classes")
	return govuk.Size(size)
}

// The options of the vendor that we have.
type (
	textOption struct {
		Text string
		ID   string
	}
	labelOption struct {
		Text, Classes, For string
		IsPageHeading      bool
	}
	legendOption struct {
		Text, Classes string
		IsPageHeading bool
	}
	fieldsetOption struct{ Legend *legendOption }
	fieldOption    struct {
		ID, Name           string
		Label              labelOption
		Hint, ErrorMessage *textOption
		Value              any
		Spellcheck         *bool
	}
	choiceOption struct {
		Value any
		Text  string
		Hint  *textOption
		ID    string
	}
	groupOption struct {
		IDPrefix, Name     string
		Fieldset           *fieldsetOption
		Hint, ErrorMessage *textOption
		Classes            string
		Items              []*choiceOption
	}
)

func (o *textOption) text() string {
	if o == nil {
		return ""
	}
	return o.Text
}

func (o labelOption) label() govuk.Label {
	return govuk.Label{Text: o.Text, Size: sized(o.Classes, "govuk-label--"), Heading: o.IsPageHeading, For: o.For}
}

func (o *legendOption) legend() govuk.Legend {
	need(o != nil && o.Text != "", "fieldset")
	return govuk.Legend{Text: o.Text, Size: sized(o.Classes, "govuk-fieldset__legend--"), Heading: o.IsPageHeading}
}

func (o fieldOption) id() string {
	if o.ID != "" {
		return o.ID
	}
	return o.Name
}

func (o fieldOption) value() string {
	if o.Value == nil {
		return ""
	}
	return fmt.Sprint(o.Value)
}

func (o fieldOption) exact() bool {
	need(o.Spellcheck == nil || !*o.Spellcheck, "spellcheck")
	return o.Spellcheck != nil
}

func (o groupOption) legend() govuk.Legend {
	if o.Fieldset == nil {
		return govuk.Legend{}
	}
	return o.Fieldset.Legend.legend()
}

func (o groupOption) id() string {
	if o.IDPrefix != "" {
		return o.IDPrefix
	}
	return o.Name
}

// choices numbers as the vendor does: from -2 on, where the contract of our pages has -1.
func (o groupOption) choices() []govuk.Choice {
	var all []govuk.Choice
	for i, item := range o.Items {
		need(item != nil, "falsy")
		c := govuk.Choice{Value: fmt.Sprint(item.Value), Text: item.Text, Hint: item.Hint.text(), ID: item.ID}
		if c.ID == "" && i > 0 {
			c.ID = o.id() + "-" + strconv.Itoa(i+1)
		}
		all = append(all, c)
	}
	return all
}

func radios(o struct {
	groupOption

	Value string
},
) any {
	r := govuk.Radios{ID: o.id(), Name: o.Name, Legend: o.legend(), Hint: o.Hint.text(), Error: o.ErrorMessage.text(), Value: o.Value, Choices: o.choices()}
	for class := range strings.FieldsSeq(o.Classes) {
		r.Inline = r.Inline || class == "govuk-radios--inline"
		r.Small = r.Small || class == "govuk-radios--small"
		need(class == "govuk-radios--inline" || class == "govuk-radios--small", "classes")
	}
	return r
}

func checkboxes(o struct {
	groupOption

	Values []string
},
) any {
	need(o.Classes == "" || o.Classes == "govuk-checkboxes--small", "classes")
	need(o.Fieldset != nil || o.Hint == nil && o.ErrorMessage == nil, "fieldset")
	return govuk.Checkboxes{ID: o.id(), Name: o.Name, Legend: o.legend(), Hint: o.Hint.text(), Error: o.ErrorMessage.text(), Small: o.Classes != "", Values: o.Values, Choices: o.choices()}
}

func input(o struct {
	fieldOption

	Classes, InputMode, Autocomplete string
},
) any {
	width := 0
	if o.Classes != "" {
		var err error
		width, err = strconv.Atoi(strings.TrimPrefix(o.Classes, "govuk-input--width-"))
		need(err == nil, "classes")
	}
	return govuk.Input{
		ID: o.id(), Name: o.Name, Label: o.Label.label(), Hint: o.Hint.text(), Error: o.ErrorMessage.text(), Value: o.value(),
		Width: width, InputMode: o.InputMode, Autocomplete: o.Autocomplete, Exact: o.exact(),
	}
}

type textareaOption struct {
	fieldOption

	Rows json.Number
}

func (o textareaOption) textarea() govuk.Textarea {
	rows, _ := strconv.Atoi(o.Rows.String())
	return govuk.Textarea{
		ID: o.id(), Name: o.Name, Label: o.Label.label(), Hint: o.Hint.text(), Error: o.ErrorMessage.text(), Value: o.value(),
		Rows: rows, Exact: o.exact(),
	}
}

func textarea(o textareaOption) any { return o.textarea() }

func characterCount(o struct {
	textareaOption

	MaxLength json.Number
},
) any {
	limit, _ := strconv.Atoi(o.MaxLength.String())
	need(limit > 0, "maxlength")
	return govuk.CharacterCount{Textarea: o.textarea(), Max: limit}
}

func button(o struct {
	Text, Href, ID, Name, Value, Classes, Type string
	PreventDoubleClick                         *bool
},
) any {
	kind, ok := strings.CutPrefix(o.Classes, "govuk-button--")
	need(o.Classes == "" || ok && slices.Contains([]string{"secondary", "warning"}, kind), "classes")
	need(o.Type == "" || o.Type == "submit", "type")
	need(o.PreventDoubleClick == nil || *o.PreventDoubleClick, "preventDoubleClick")
	return govuk.Button{
		Text: o.Text, Href: o.Href, ID: o.ID, Name: o.Name, Value: o.Value, Kind: govuk.ButtonKind(kind), Once: o.PreventDoubleClick != nil,
	}
}

func label(o labelOption) any { return o.label() }

func hint(o struct{ ID, Text, Classes string }) any {
	return govuk.Hint{ID: o.ID, Text: o.Text, Classes: o.Classes}
}

func errorMessage(o textOption) any { return govuk.ErrorMessage{ID: o.ID, Text: o.Text} }

func fieldset(o struct {
	Legend      *legendOption
	DescribedBy string
	Role        string
	HTML        template.HTML
},
) any {
	return govuk.Fieldset{Legend: o.Legend.legend(), DescribedBy: o.DescribedBy, Role: o.Role, HTML: o.HTML}
}
