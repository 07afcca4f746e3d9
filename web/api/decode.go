package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxFaults bounds the list of bad fields, so that a small body of nothing but
// faults does not make an answer many times its size.
const maxFaults = 1000

// decoder walks a JSON text once. Text that is no strict JSON ends the walk
// with an error; a bad value is noted, and the walk goes on to the next.
type decoder struct {
	json   *jsontext.Decoder
	faults []fault
	more   int
}

func newDecoder(body *bytes.Buffer) *decoder { return &decoder{json: jsontext.NewDecoder(body)} }

// fault notes something about the value that was read last.
func (d *decoder) fault(detail string) { d.faultAt(string(d.json.StackPointer()), detail) }

func (d *decoder) faultAt(source, detail string) {
	if len(d.faults) == maxFaults {
		d.more++
		return
	}
	d.faults = append(d.faults, fault{shortened(source), detail})
}

// wrong passes over a value of another type than the one that is wanted.
func (d *decoder) wrong(wanted string) error {
	if err := d.json.SkipValue(); err != nil {
		return err
	}
	d.fault("must be " + wanted)
	return nil
}

// presence says what was found where an object or an array should be.
type presence int

const (
	absent    presence = iota // not given, or null, which is as good
	otherwise                 // of another type, which was noted
	whole
)

// object reads an object; member must read the value of each name.
func (d *decoder) object(member func(name string) error) (presence, error) {
	return d.open(jsontext.KindBeginObject, "an object", func() error {
		name, err := d.json.ReadToken()
		if err != nil {
			return err
		}
		return member(name.String())
	})
}

// array reads an array; element must read each value.
func (d *decoder) array(element func() error) (presence, error) {
	return d.open(jsontext.KindBeginArray, "an array", element)
}

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

// field is a value of an object: null is as good as absent, a bad one was
// noted already.
type field[T any] struct {
	value T
	given bool
	bad   bool
}

// text reads a text and what it means.
func text[T any](d *decoder, into *field[T], parse func(string) (T, error)) error {
	return scalar(d, into, jsontext.KindString, "a text", parse)
}

// number reads a number, as it was written, and what it means.
func number[T any](d *decoder, into *field[T], parse func(string) (T, error)) error {
	return scalar(d, into, jsontext.KindNumber, "a number", parse)
}

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

// need notes that the object which was read last lacks a field.
func need[T any](d *decoder, f field[T], name string) {
	if !f.given && !f.bad {
		d.lacks(name)
	}
}

func (d *decoder) lacks(name string) {
	d.faultAt(string(d.json.StackPointer())+"/"+name, "must be given")
}

// end is the end of the text, where nothing may follow.
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

// result is what the walk came to, when it came to the end.
func (d *decoder) result(walk error) error {
	if walk != nil {
		return notJSON(walk)
	}
	if len(d.faults) > 0 {
		return invalid(d.faults, d.more)
	}
	return nil
}

// notJSON says where a text stops being strict JSON. The library's own words
// are left out: they quote the text.
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

// shortened leads to what is around a value whose own pointer is too long: keys
// and depth are the caller's to choose, and would make an answer of any size.
func shortened(pointer string) string {
	if len(pointer) <= maxPointer {
		return pointer
	}
	return pointer[:max(strings.LastIndexByte(pointer[:maxPointer+1], '/'), 0)]
}
