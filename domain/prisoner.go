package domain

import (
	"errors"
	"fmt"
	"strings"
)

// PrisonerNumber names a prisoner: one capital letter, four digits, two
// capital letters. Only [ParsePrisonerNumber] makes one from outside text.
type PrisonerNumber string

// ErrPrisonerNumber says what a prisoner number looks like.
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

// ErrSelfPair refuses a prisoner who would be kept apart from themselves.
var ErrSelfPair = errors.New("must be another prisoner")

// StreamPrefix begins the name of every stream that holds the facts of a pair.
const StreamPrefix = "nonAssociation-"

// NewPair sorts the two numbers, so that both orders are the same pair.
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

// ParsePair reads what [Pair.String] wrote.
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

// ParseStream reads what [Pair.Stream] wrote.
func ParseStream(stream string) (Pair, error) {
	rest, found := strings.CutPrefix(stream, StreamPrefix)
	if !found {
		return Pair{}, fmt.Errorf("stream %q is not of a pair", stream)
	}
	return ParsePair(rest)
}

// Numbers are the two prisoners, the smaller number first.
func (p Pair) Numbers() [2]PrisonerNumber { return [2]PrisonerNumber{p.low, p.high} }

// Has tells whether the prisoner is one of the two.
func (p Pair) Has(n PrisonerNumber) bool { return n == p.low || n == p.high }

// Other is the prisoner of the pair who is not n; n must be one of the two.
func (p Pair) Other(n PrisonerNumber) PrisonerNumber {
	if n == p.low {
		return p.high
	}
	return p.low
}

// String is the two numbers joined by an underscore: A0135GA_A9109UD.
func (p Pair) String() string { return string(p.low) + "_" + string(p.high) }

// Stream names the stream of the pair's facts: nonAssociation-A0135GA_A9109UD.
func (p Pair) Stream() string { return StreamPrefix + p.String() }

// MarshalText writes the pair as [Pair.String] does.
func (p Pair) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *Pair) UnmarshalText(text []byte) error {
	parsed, err := ParsePair(string(text))
	*p = parsed
	return err
}
