package nomis

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// object is a JSON object of another system, by the exact names of its members. Only
// the members that are used are decoded. A strict schema once stopped merges for weeks,
// after a sender had changed a member that nothing used.
type object map[string]jsontext.Value

// ambiguous replaces the value of a member that occurs twice. It is an array, so
// reading it as a text or an object fails.
var ambiguous = jsontext.Value(`["given twice"]`)

// occursTwice reports whether the object has a member of this name more than once.
func (o object) occursTwice(name string) bool { return string(o[name]) == string(ambiguous) }

var (
	errNotJSON  = errors.New("not JSON")
	errNoObject = errors.New("no JSON object")
)

// parseObject reads a text that must be one JSON object. Errors do not quote the text.
// Invalid UTF-8 and unpaired surrogates are read as U+FFFD.
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

// noObject returns the error for a text that is not an object: errNoObject for another
// JSON value, errNotJSON otherwise.
func noObject(d *jsontext.Decoder) error {
	if d.SkipValue() != nil {
		return errNotJSON
	}
	return errNoObject
}

// member reads one member and adds it to the object.
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

// text returns a member that must be a text. It returns "" when the member is missing
// or null.
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

// textOrEmpty returns a member as a text, and "" when it is anything else. It is for
// members whose absence is no error.
func (o object) textOrEmpty(name string) string {
	text, err := o.text(name)
	if err != nil {
		return ""
	}
	return text
}

// object returns a member that must be an object. It returns an empty object when the
// member is missing or null.
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

// objects returns a member that must be an array of objects. It returns none when the
// member is missing or null.
func (o object) objects(name string) ([]object, error) {
	value, there := o[name]
	if !there || value.Kind() == jsontext.KindNull {
		return nil, nil
	}
	if value.Kind() != jsontext.KindBeginArray || o.occursTwice(name) {
		return nil, fmt.Errorf("%s is no array", name)
	}
	d := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	_, err := d.ReadToken()
	var all []object
	for err == nil && d.PeekKind() != jsontext.KindEndArray {
		var element jsontext.Value
		if element, err = d.ReadValue(); err != nil {
			break
		}
		one, fault := parseObject(string(element))
		if fault != nil {
			return nil, fmt.Errorf("an element of %s is %w", name, fault)
		}
		all = append(all, one)
	}
	if err != nil {
		return nil, errNotJSON
	}
	return all, nil
}

// count returns a member that must be a whole number from 1 on. It returns 0 when the
// member is missing or null.
func (o object) count(name string) (int, error) {
	value, there := o[name]
	if !there || value.Kind() == jsontext.KindNull {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(value), 10, 32)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s is no count", name)
	}
	return int(n), nil
}
