package govuk

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The dates of pages are in the zone of the time: callers give times in Europe/London.

// Date returns "26 July 2023".
func Date(t time.Time) string { return t.Format("2 January 2006") }

// DateTime returns "26 July 2023 at 14:05".
func DateTime(t time.Time) string { return t.Format("2 January 2006 at 15:04") }

// ShortDate returns "26/07/2023", the form of lists.
func ShortDate(t time.Time) string { return t.Format("02/01/2006") }

// UpTo returns the sentence of the footer: "Shows everything recorded up to 14:05:09",
// with " on 26 July 2023" when that is another day than now.
func UpTo(at, now time.Time) string {
	text := "Shows everything recorded up to " + at.Format(time.TimeOnly)
	if Date(at) != Date(now.In(at.Location())) {
		text += " on " + Date(at)
	}
	return text
}

// FullName returns "First Last" in title case.
func FullName(first, last string) string {
	return strings.TrimSpace(TitleCase(first) + " " + TitleCase(last))
}

// ListName returns "Last, First" in title case, and the one name of somebody with one.
func ListName(first, last string) string {
	first, last = TitleCase(first), TitleCase(last)
	if first == "" || last == "" {
		return first + last
	}
	return last + ", " + first
}

// TitleCase gives each part of a name a capital and makes the rest small: "SMITH-JONES"
// is "Smith-Jones", "O'NEILL" is "O'Neill". White space becomes single blanks.
func TitleCase(name string) string {
	var out strings.Builder
	letters := 0 // of this part so far
	for _, r := range strings.Join(strings.Fields(name), " ") {
		switch {
		case (r == '\'' || r == '’') && letters > 1, unicode.IsMark(r):
			// In "Mary's" the s belongs to the part.
		case !unicode.IsLetter(r):
			letters = 0
		case letters == 0:
			r, letters = unicode.ToTitle(r), 1
		default:
			r, letters = unicode.ToLower(r), letters+1
		}
		out.WriteRune(r)
	}
	return out.String()
}

// Possessive returns a name with "’s", or with "’" alone after an s. A prisoner number
// always gets "’s".
func Possessive(name string) string {
	isNumber := strings.ContainsAny(name, "0123456789")
	if !isNumber && (strings.HasSuffix(name, "s") || strings.HasSuffix(name, "S")) {
		return name + "’"
	}
	return name + "’s"
}

// Count returns a number with its noun: "1 record", "2 records".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
