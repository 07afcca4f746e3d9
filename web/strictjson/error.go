package strictjson

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Fault is one bad value.
type Fault struct {
	Pointer string // a JSON pointer into the text; "" is the whole text
	Detail  string // what the value must be, for the caller
}

// InvalidError is the error of a text that is strict JSON and has bad values.
type InvalidError struct {
	Faults []Fault // in the order in which they were found, never empty
	More   int     // how many faults were found beyond those listed
}

// Error names the first bad value and counts the others.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("%s %s, and %d more", e.Faults[0].Pointer, e.Faults[0].Detail, len(e.Faults)-1+e.More)
}

// SyntaxError is the error of a text that is not strict JSON.
type SyntaxError struct {
	Pointer string // where the reading ended, as far as it is known
	Detail  string // what is wrong there; it quotes nothing of the text
}

// Error returns the detail.
func (e *SyntaxError) Error() string { return e.Detail }

// syntaxError returns where and why a text stops being strict JSON. The tokenizer's own
// message is left out, since it quotes the text, and the text may hold personal data.
func syntaxError(err error) *SyntaxError {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return &SyntaxError{Detail: "not one whole JSON value"}
	}
	at := &SyntaxError{Pointer: shortened(string(syntax.JSONPointer))}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		at.Detail = "the same key twice"
	case errors.Is(err, io.ErrUnexpectedEOF):
		at.Detail = "it ends too early"
	default:
		at.Detail = fmt.Sprintf("not JSON in UTF-8 at byte %d", syntax.ByteOffset)
	}
	return at
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
