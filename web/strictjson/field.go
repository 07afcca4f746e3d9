package strictjson

import "github.com/go-json-experiment/json/jsontext"

// Field is a value of an object. Its zero value is a field that is absent, and null
// means the same. A bad value is neither given nor absent: its fault is added already.
type Field[T any] struct {
	Value T // the zero value unless Given
	Given bool
	Bad   bool
}

// Optional returns the value of a field, nil when it is absent or bad.
func (f *Field[T]) Optional() *T {
	if !f.Given {
		return nil
	}
	return &f.Value
}

// Text reads a string and parses it.
func Text[T any](d *Decoder, into *Field[T], parse func(string) (T, error)) error {
	return scalar(d, into, jsontext.KindString, "a text", parse)
}

// Number reads a number and parses it as it was written.
func Number[T any](d *Decoder, into *Field[T], parse func(string) (T, error)) error {
	return scalar(d, into, jsontext.KindNumber, "a number", parse)
}

// scalar reads a value of one kind and parses it. A parse error becomes a fault, and
// its text is the detail, so it must be a sentence for the caller.
func scalar[T any](d *Decoder, into *Field[T], kind jsontext.Kind, wanted string, parse func(string) (T, error)) error {
	switch d.json.PeekKind() {
	case kind:
	case jsontext.KindNull:
		return d.json.SkipValue()
	default:
		into.Bad = true
		return d.wrong(wanted)
	}
	token, err := d.json.ReadToken()
	if err != nil {
		return err
	}
	into.Value, err = parse(token.String())
	into.Given, into.Bad = err == nil, err != nil
	if err != nil {
		d.Fault(err.Error())
	}
	return nil
}

// Need adds a fault when the object that was read last lacks a field.
func Need[T any](d *Decoder, f Field[T], name string) {
	if !f.Given && !f.Bad {
		d.Lacks(name)
	}
}

// Flag reads true or false.
func Flag(d *Decoder, into *Field[bool]) error {
	switch d.json.PeekKind() {
	case jsontext.KindTrue, jsontext.KindFalse:
	case jsontext.KindNull:
		return d.json.SkipValue()
	default:
		into.Bad = true
		return d.wrong("true or false")
	}
	token, err := d.json.ReadToken()
	if err != nil {
		return err
	}
	into.Value, into.Given = token.Bool(), true
	return nil
}
