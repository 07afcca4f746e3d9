package strictjson

import (
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// maxFaults bounds the list of bad fields. Without it a body of 1 MiB could cause an
// answer many times its size.
const maxFaults = 1000

// Decoder reads a JSON text in one pass and collects the faults of its values. Text
// that is not strict JSON ends the pass with an error; after a bad value the pass
// continues, so that one answer names every bad field.
// It is for one goroutine and one text.
type Decoder struct {
	json   *jsontext.Decoder
	faults []Fault
	more   int // faults beyond maxFaults
}

// NewDecoder returns a decoder of one text. Duplicate names and invalid UTF-8 are
// errors of its tokenizer. A *bytes.Buffer is read in place, without a copy.
func NewDecoder(text io.Reader) *Decoder { return &Decoder{json: jsontext.NewDecoder(text)} }

// Fault adds a fault of the value that was read last.
func (d *Decoder) Fault(detail string) { d.FaultAt(string(d.json.StackPointer()), detail) }

// FaultIn adds a fault of a field of the object that was read last.
func (d *Decoder) FaultIn(name, detail string) {
	d.FaultAt(string(d.json.StackPointer())+"/"+name, detail)
}

// FaultAt adds a fault with a JSON pointer, for a rule that shows only when more than
// one value is read. Beyond the limit of the list it only counts.
func (d *Decoder) FaultAt(pointer, detail string) {
	if len(d.faults) == maxFaults {
		d.more++
		return
	}
	d.faults = append(d.faults, Fault{shortened(pointer), detail})
}

// wrong skips a value of a type that is not wanted and adds its fault.
func (d *Decoder) wrong(wanted string) error {
	if err := d.json.SkipValue(); err != nil {
		return err
	}
	d.Fault("must be " + wanted)
	return nil
}

// Presence is what was found in the place of an object or an array.
type Presence int

// The kinds of presence.
const (
	Absent    Presence = iota // not given, or null, which means the same
	OtherType                 // of another type, and the fault is added
	Whole                     // read to its end; a value in it may still be bad
)

// Object reads an object. member is called for each name and must read its value. An
// error of member ends the pass.
func (d *Decoder) Object(member func(name string) error) (Presence, error) {
	return d.open(jsontext.KindBeginObject, "an object", func() error {
		name, err := d.json.ReadToken()
		if err != nil {
			return err
		}
		return member(name.String())
	})
}

// Array reads an array. element is called for each value and must read it.
func (d *Decoder) Array(element func() error) (Presence, error) {
	return d.open(jsontext.KindBeginArray, "an array", element)
}

// RequiredObject reads an object that must be there, and then calls needs, which checks
// it for the fields that are required. It is not called when the value is no object.
func (d *Decoder) RequiredObject(member func(name string) error, needs func()) error {
	found, err := d.Object(member)
	switch {
	case err != nil:
		return err
	case found == Absent:
		d.Fault("must be an object")
	case found == Whole:
		needs()
	}
	return nil
}

// open reads an object or an array, calling next before each name or element. Null
// counts as absent.
func (d *Decoder) open(begin jsontext.Kind, wanted string, next func() error) (Presence, error) {
	switch d.json.PeekKind() {
	case begin:
	case jsontext.KindNull:
		return Absent, d.json.SkipValue()
	default:
		return OtherType, d.wrong(wanted)
	}
	if _, err := d.json.ReadToken(); err != nil {
		return OtherType, err
	}
	for kind := d.json.PeekKind(); kind != jsontext.KindEndObject && kind != jsontext.KindEndArray; kind = d.json.PeekKind() {
		if err := next(); err != nil {
			return OtherType, err
		}
	}
	_, err := d.json.ReadToken() // an end of the other kind is an error here
	return Whole, err
}

// Lacks adds the fault of a required field that is missing from the object that was
// read last.
func (d *Decoder) Lacks(name string) { d.FaultIn(name, "must be given") }

// Skip reads a value and drops it. The text of the value must be strict JSON too.
func (d *Decoder) Skip() error { return d.json.SkipValue() }

// End returns an error when anything but white space follows the value.
func (d *Decoder) End() error {
	_, err := d.json.ReadToken()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return errors.New("more than one value")
	}
	return err
}

// Result returns the outcome of a pass whose error is walk: a *SyntaxError when the
// text is not strict JSON, otherwise an *InvalidError when there are faults, otherwise
// nil.
func (d *Decoder) Result(walk error) error {
	if walk != nil {
		return syntaxError(walk)
	}
	if len(d.faults) > 0 {
		return &InvalidError{Faults: d.faults, More: d.more}
	}
	return nil
}

// Valid reports whether there is no fault yet.
func (d *Decoder) Valid() bool { return len(d.faults) == 0 }
