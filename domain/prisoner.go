package domain

import (
	"errors"
	"fmt"
	"strings"
)

// PrisonerNumber names a prisoner: one capital letter, four digits, two
// capital letters. Only [ParsePrisonerNumber] makes one from outside text.
type PrisonerNumber string

// ErrPrisonerNumber refuses any other form of a prisoner number.
var ErrPrisonerNumber = errors.New("must be a prisoner number such as A1234BC")

// ParsePrisonerNumber raises lower case to upper case and refuses every other
// form with [ErrPrisonerNumber].
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

// Pair is two different prisoners in sorted order, the unit of consistency.
// The zero Pair is no pair.
type Pair struct{ low, high PrisonerNumber }

// ErrSelfPair refuses a pair of one prisoner number with itself.
var ErrSelfPair = errors.New("must be another prisoner")

// StreamPrefix begins the name of every stream that holds the facts of a pair.
const StreamPrefix = "nonAssociation-"

// NewPair returns the pair of two numbers, sorted, so that both orders are the same
// pair. Errors: ErrSelfPair.
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

// ParsePair parses what [Pair.String] writes.
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

// ParseStream parses what [Pair.Stream] writes.
func ParseStream(stream string) (Pair, error) {
	rest, found := strings.CutPrefix(stream, StreamPrefix)
	if !found {
		return Pair{}, fmt.Errorf("stream %q is not of a pair", stream)
	}
	return ParsePair(rest)
}

// Numbers returns the two prisoner numbers, the smaller first.
func (p Pair) Numbers() [2]PrisonerNumber { return [2]PrisonerNumber{p.low, p.high} }

// Has reports whether the number is one of the two.
func (p Pair) Has(n PrisonerNumber) bool { return n == p.low || n == p.high }

// Other returns the number of the pair that is not n; n must be one of the two.
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

// MarshalText writes the pair as [Pair.String] does.
func (p Pair) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText parses what MarshalText writes.
func (p *Pair) UnmarshalText(text []byte) error {
	parsed, err := ParsePair(string(text))
	*p = parsed
	return err
}
