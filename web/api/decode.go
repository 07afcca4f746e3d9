package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxFaults bounds the list of bad fields. Without it a body of 1 MiB could cause an
// answer many times its size.
const maxFaults = 1000

// decoder reads a JSON text in one pass and collects the faults of its values. Text
// that is not strict JSON ends the pass with an error; after a bad value the pass
// continues, so that one answer names every bad field.
//
// It is own code over a strict tokenizer: decoding into structs stops at the first
// bad value.
type decoder struct {
	json   *jsontext.Decoder
	faults []fault
	more   int // faults beyond maxFaults
}

// newDecoder returns a decoder of one body. Duplicate names and invalid UTF-8 are
// errors of its tokenizer.
func newDecoder(body *bytes.Buffer) *decoder { return &decoder{json: jsontext.NewDecoder(body)} }

// fault adds a fault of the value that was read last.
func (d *decoder) fault(detail string) { d.faultAt(string(d.json.StackPointer()), detail) }

// faultAt adds a fault with a JSON pointer. Beyond maxFaults it only counts.
func (d *decoder) faultAt(source, detail string) {
	if len(d.faults) == maxFaults {
		d.more++
		return
	}
	d.faults = append(d.faults, fault{shortened(source), detail})
}

// wrong skips a value of a type that is not wanted and adds its fault.
func (d *decoder) wrong(wanted string) error {
	if err := d.json.SkipValue(); err != nil {
		return err
	}
	d.fault("must be " + wanted)
	return nil
}

// presence is what was found in the place of an object or an array.
type presence int

const (
	absent    presence = iota // not given, or null, which means the same
	otherwise                 // of another type; the fault is added
	whole
)

// object reads an object. member is called for each name and must read its value.
func (d *decoder) object(member func(name string) error) (presence, error) {
	return d.open(jsontext.KindBeginObject, "an object", func() error {
		name, err := d.json.ReadToken()
		if err != nil {
			return err
		}
		return member(name.String())
	})
}

// array reads an array. element is called for each value and must read it.
func (d *decoder) array(element func() error) (presence, error) {
	return d.open(jsontext.KindBeginArray, "an array", element)
}

// open reads an object or an array, calling next before each name or element. Null
// counts as absent.
func (d *decoder) open(begin jsontext.Kind, wanted string, next func() error) (presence, error) {
	switch d.json.PeekKind() {
	case begin:
	case jsontext.KindNull:
		return absent, d.json.SkipValue()
	default:
		return otherwise, d.wrong(wanted)
	}
	if _, err := d.json.ReadToken(); err != nil {
		return otherwise, err
	}
	for kind := d.json.PeekKind(); kind != jsontext.KindEndObject && kind != jsontext.KindEndArray; kind = d.json.PeekKind() {
		if err := next(); err != nil {
			return otherwise, err
		}
	}
	_, err := d.json.ReadToken() // an end of the other kind is an error here
	return whole, err
}

// field is a value of an object. Null is the same as absent; the fault of a bad value
// is added already.
type field[T any] struct {
	value T
	given bool
	bad   bool
}

// text reads a string and parses it.
func text[T any](d *decoder, into *field[T], parse func(string) (T, error)) error {
	return scalar(d, into, jsontext.KindString, "a text", parse)
}

// number reads a number and parses it as it was written.
func number[T any](d *decoder, into *field[T], parse func(string) (T, error)) error {
	return scalar(d, into, jsontext.KindNumber, "a number", parse)
}

// scalar reads a value of one kind and parses it. A parse error becomes a fault, and
// its text is the detail, so it must be a sentence for the caller.
func scalar[T any](d *decoder, into *field[T], kind jsontext.Kind, wanted string, parse func(string) (T, error)) error {
	switch d.json.PeekKind() {
	case kind:
	case jsontext.KindNull:
		return d.json.SkipValue()
	default:
		into.bad = true
		return d.wrong(wanted)
	}
	token, err := d.json.ReadToken()
	if err != nil {
		return err
	}
	into.value, err = parse(token.String())
	into.given, into.bad = err == nil, err != nil
	if err != nil {
		d.fault(err.Error())
	}
	return nil
}

// need adds a fault when the object that was read last lacks a field.
func need[T any](d *decoder, f field[T], name string) {
	if !f.given && !f.bad {
		d.lacks(name)
	}
}

// lacks adds the fault of a required field that is missing.
func (d *decoder) lacks(name string) {
	d.faultAt(string(d.json.StackPointer())+"/"+name, "must be given")
}

// end returns an error when anything follows the value.
func (d *decoder) end() error {
	_, err := d.json.ReadToken()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return errors.New("more than one value")
	}
	return err
}

// result returns the refusal of the text, or nil: that it is not JSON, otherwise the
// list of faults.
func (d *decoder) result(walk error) error {
	if walk != nil {
		return notJSON(walk)
	}
	if len(d.faults) > 0 {
		return invalid(d.faults, d.more)
	}
	return nil
}

// notJSON returns the refusal that says where a text stops being strict JSON. The
// library's own message is left out, since it quotes the text.
func notJSON(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case !errors.As(err, &syntax):
		return unreadable("", "not one whole JSON value")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return unreadable(shortened(string(syntax.JSONPointer)), "the same key twice")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return unreadable(shortened(string(syntax.JSONPointer)), "it ends too early")
	}
	return unreadable(shortened(string(syntax.JSONPointer)), fmt.Sprintf("not JSON in UTF-8 at byte %d", syntax.ByteOffset))
}

// maxPointer bounds a JSON pointer in an answer, in bytes.
const maxPointer = 256

// shortened cuts a pointer that is too long to that of an enclosing value. Keys and
// depth are chosen by the caller, and could make an answer of any size.
func shortened(pointer string) string {
	if len(pointer) <= maxPointer {
		return pointer
	}
	return pointer[:max(strings.LastIndexByte(pointer[:maxPointer+1], '/'), 0)]
}
