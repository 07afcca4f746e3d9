package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"nonassociations/domain"
)

// numberFlag is a prisoner number, in either case. It is "" when it is not given.
type numberFlag struct{ domain.PrisonerNumber }

// Decode reads one value.
func (f *numberFlag) Decode(ctx *kong.DecodeContext) error {
	text, err := popText(ctx)
	if err == nil {
		f.PrisonerNumber, err = domain.ParsePrisonerNumber(text)
	}
	return err
}

// pairFlag is a pair, as two values or as one with a comma between, in either order.
type pairFlag struct {
	domain.Pair

	given bool
}

// Decode reads one value or two.
func (f *pairFlag) Decode(ctx *kong.DecodeContext) error {
	one, err := popText(ctx)
	if err != nil {
		return err
	}
	one, other, both := strings.Cut(one, ",")
	if !both {
		if other, err = popText(ctx); err != nil {
			return errors.New("must be two prisoner numbers, such as A1234BC D5678EF")
		}
	}
	var numbers [2]domain.PrisonerNumber
	for i, text := range []string{one, other} {
		if numbers[i], err = domain.ParsePrisonerNumber(text); err != nil {
			return err
		}
	}
	f.Pair, err = domain.NewPair(numbers[0], numbers[1])
	f.given = err == nil
	return err
}

// popText returns the next value of a flag.
func popText(ctx *kong.DecodeContext) (string, error) {
	token, err := ctx.Scan.PopValue("prisoner number")
	if err != nil {
		return "", err
	}
	return fmt.Sprint(token.Value), nil
}
