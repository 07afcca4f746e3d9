package domain

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// The errors of [CheckTyped].
var (
	ErrBlank     = errors.New("must not be blank")
	ErrCharacter = errors.New("must not have control characters other than tab, line feed and return")
	ErrTooLong   = errors.New("has too many characters")
)

// CheckTyped reports why staff may not write a text: ErrBlank, ErrCharacter or
// ErrTooLong. The limit is in UTF-16 units, as NOMIS counts, with the end of a line as
// one, and without the blanks around the text.
func CheckTyped(text string, limit int) error {
	trimmed := strings.TrimSpace(text)
	switch {
	case trimmed == "":
		return ErrBlank
	case !utf8.ValidString(text) || strings.ContainsFunc(text, isRefused):
		return ErrCharacter
	case unitsOf(trimmed) > limit:
		return ErrTooLong
	}
	return nil
}

// isRefused reports whether staff may not write a character.
func isRefused(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' }

// unitsOf counts UTF-16 units, with the end of a line as one.
func unitsOf(s string) int {
	units := -strings.Count(s, "\r\n")
	for _, r := range s {
		units += utf16.RuneLen(r)
	}
	return units
}
