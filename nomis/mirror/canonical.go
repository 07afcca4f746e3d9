package mirror

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
)

// lastExpiry is the last day that is an expiry date. A later one means none.
const lastExpiry = "2999-01-01"

// farYear is a day beyond the year 9999 as Java writes it.
var farYear = regexp.MustCompile(`^\+\d{5,9}-\d{2}-\d{2}$`)

// isDay reports whether a text is a day as in 2026-07-05. There was no year 0.
func isDay(text string) bool {
	day, err := time.Parse(time.DateOnly, text)
	return err == nil && day.Year() > 0
}

// canonicalExpiry returns an expiry date, or nil for none. ok is false for a text that is
// not a day, which then counts as none.
func canonicalExpiry(day *string) (_ *string, ok bool) {
	switch {
	case day == nil, farYear.MatchString(*day):
		return nil, true
	case !isDay(*day):
		return nil, false
	case *day > lastExpiry:
		return nil, true
	}
	return day, true
}

// canonicalText returns a text with line feeds for CRLF and without trailing blanks, or
// nil for blanks alone.
func canonicalText(text *string) *string {
	if text == nil {
		return nil
	}
	return unlessEmpty(trimmed(strings.ReplaceAll(*text, "\r\n", "\n")))
}

// cut cuts a canonical text to at most so many UTF-16 units, at the last whole character.
func cut(text *string, units int) *string {
	if text == nil {
		return nil
	}
	for at, r := range *text {
		if units -= utf16.RuneLen(r); units < 0 {
			return unlessEmpty(trimmed((*text)[:at]))
		}
	}
	return text
}

func hasNUL(text *string) bool { return text != nil && strings.IndexByte(*text, 0) >= 0 }

func trimmed(text string) string { return strings.TrimRightFunc(text, unicode.IsSpace) }

func unlessEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
