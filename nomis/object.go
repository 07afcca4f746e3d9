package nomis

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// object is a JSON object of somebody else, by the exact names of its members.
// Only what is asked for is looked at: other members come and go, and one of
// them once stopped merges for weeks.
type object map[string]jsontext.Value

// ambiguous is in the place of a member that is given twice: it can be read as
// nothing that is ever asked for, neither a text nor an object.
var ambiguous = jsontext.Value(`["given twice"]`)

func (o object) occursTwice(name string) bool { return string(o[name]) == string(ambiguous) }

var (
	errNotJSON  = errors.New("not JSON")
	errNoObject = errors.New("no JSON object")
)

// parseObject reads one whole JSON value; its errors do not quote it. Bytes that
// are no UTF-8, and halves of surrogate pairs, are read as U+FFFD.
func parseObject(text string) (object, error) {
	d := jsontext.NewDecoder(strings.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if d.PeekKind() != jsontext.KindBeginObject {
		return nil, noObject(d)
	}
	o := object{}
	if _, err := d.ReadToken(); err != nil {
		return nil, errNotJSON
	}
	for d.PeekKind() != jsontext.KindEndObject {
		if err := o.member(d); err != nil {
			return nil, errNotJSON
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, errNotJSON
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errNotJSON
	}
	return o, nil
}

func noObject(d *jsontext.Decoder) error {
	if d.SkipValue() != nil {
		return errNotJSON
	}
	return errNoObject
}

func (o object) member(d *jsontext.Decoder) error {
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	name := token.String()
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	if _, twice := o[name]; twice {
		value = ambiguous
	}
	o[name] = value.Clone()
	return nil
}

// text is a member that should be a text: "" when it is missing or null.
func (o object) text(name string) (string, error) {
	value, there := o[name]
	switch {
	case !there || value.Kind() == jsontext.KindNull:
		return "", nil
	case value.Kind() != jsontext.KindString:
		return "", fmt.Errorf("%s is no text", name)
	}
	text, _ := jsontext.AppendUnquote(nil, value) // whole: what is no character became U+FFFD
	return string(text), nil
}

// textOrEmpty is the text of a member that nobody depends on: "" when it is none.
func (o object) textOrEmpty(name string) string {
	text, err := o.text(name)
	if err != nil {
		return ""
	}
	return text
}

// object is a member that should be an object: an empty one when it is missing
// or null.
func (o object) object(name string) (object, error) {
	value, there := o[name]
	if !there || value.Kind() == jsontext.KindNull {
		return object{}, nil
	}
	inner, err := parseObject(string(value))
	if err != nil {
		return nil, fmt.Errorf("%s is %w", name, err)
	}
	return inner, nil
}
