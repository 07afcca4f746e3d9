package domain

import (
	"errors"
	"fmt"
	"strings"
)

// PrisonerNumber identifies a prisoner in NOMIS: one capital letter, four digits, two
// capital letters. Text from outside must go through [ParsePrisonerNumber].
type PrisonerNumber string

// ErrPrisonerNumber refuses a text that is no prisoner number.
var ErrPrisonerNumber = errors.New("must be a prisoner number such as A1234BC")

// ParsePrisonerNumber parses a prisoner number. It converts lower case to upper case
// and returns [ErrPrisonerNumber] for every other form.
func ParsePrisonerNumber(s string) (PrisonerNumber, error) {
	if len(s) != len("A1234BC") {
		return "", ErrPrisonerNumber
	}
	upper := strings.ToUpper(s)
	if len(upper) != len(s) {
		return "", ErrPrisonerNumber
	}
	for i := range len(upper) {
		isDigitPlace := i >= 1 && i <= 4
		if isDigitPlace != isDigit(upper[i]) || !isDigitPlace && !isCapital(upper[i]) {
			return "", ErrPrisonerNumber
		}
	}
	return PrisonerNumber(upper), nil
}

func isDigit(c byte) bool   { return c >= '0' && c <= '9' }
func isCapital(c byte) bool { return c >= 'A' && c <= 'Z' }

// Pair is two different prisoners in sorted order. It is the unit of consistency: a
// pair has one stream, and rules see one pair at a time. The zero Pair is invalid.
type Pair struct{ low, high PrisonerNumber }

// ErrSelfPair refuses a pair of a prisoner with themselves.
var ErrSelfPair = errors.New("must be another prisoner")

// StreamPrefix is the beginning of the names of all pairs' streams.
const StreamPrefix = "nonAssociation-"

// NewPair returns the pair of two numbers in either order. It returns [ErrSelfPair]
// when they are equal.
func NewPair(one, other PrisonerNumber) (Pair, error) {
	switch {
	case one == other:
		return Pair{}, ErrSelfPair
	case one < other:
		return Pair{one, other}, nil
	default:
		return Pair{other, one}, nil
	}
}

// ParsePair parses the form of [Pair.String]. It refuses an unsorted pair.
func ParsePair(s string) (Pair, error) {
	left, right, found := strings.Cut(s, "_")
	low, errLow := ParsePrisonerNumber(left)
	high, errHigh := ParsePrisonerNumber(right)
	if !found || errLow != nil || errHigh != nil {
		return Pair{}, fmt.Errorf("%q is not a pair of prisoner numbers", s)
	}
	pair, err := NewPair(low, high)
	if err != nil || pair.String() != s {
		return Pair{}, fmt.Errorf("%q is not a sorted pair of prisoner numbers", s)
	}
	return pair, nil
}

// ParseStream parses the form of [Pair.Stream]. An error means that the stream is not
// one of a pair.
func ParseStream(stream string) (Pair, error) {
	rest, found := strings.CutPrefix(stream, StreamPrefix)
	if !found {
		return Pair{}, fmt.Errorf("stream %q is not of a pair", stream)
	}
	return ParsePair(rest)
}

// Numbers returns the two prisoners, the smaller number first.
func (p Pair) Numbers() [2]PrisonerNumber { return [2]PrisonerNumber{p.low, p.high} }

// Has reports whether the prisoner is one of the two.
func (p Pair) Has(n PrisonerNumber) bool { return n == p.low || n == p.high }

// Other returns the other prisoner of the pair. n must be one of the two.
func (p Pair) Other(n PrisonerNumber) PrisonerNumber {
	if n == p.low {
		return p.high
	}
	return p.low
}

// String returns the two numbers joined by an underscore: A0135GA_A9109UD.
func (p Pair) String() string { return string(p.low) + "_" + string(p.high) }

// Stream returns the name of the stream of the pair's facts:
// nonAssociation-A0135GA_A9109UD.
func (p Pair) Stream() string { return StreamPrefix + p.String() }

// MarshalText implements [encoding.TextMarshaler] with the form of [Pair.String].
func (p Pair) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (p *Pair) UnmarshalText(text []byte) error {
	parsed, err := ParsePair(string(text))
	*p = parsed
	return err
}
