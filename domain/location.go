package domain

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// WingParts says of how many parts the name of a wing consists in a prison. A prison
// that is not in it has names of one part, as in the A of A-1-002.
type WingParts map[PrisonID]int

// maxWingParts bounds the parts of a wing's name. The longest texts of cells have five.
const maxWingParts = 4

// ErrWingParts refuses a text that [ParseWingParts] cannot read.
var ErrWingParts = errors.New("must be prisons with the parts of their wings' names, such as WWI=2,LEI=2")

// ParseWingParts parses the parts of wings' names, such as WWI=2,LEI=2. An empty text has
// none. The error wraps [ErrWingParts] and names the entry by its place, from 1.
func ParseWingParts(text string) (WingParts, error) {
	parts := WingParts{}
	if text == "" {
		return parts, nil
	}
	for i, entry := range strings.Split(text, ",") {
		id, count, found := strings.Cut(strings.TrimSpace(entry), "=")
		prison, err := ParsePrisonID(id)
		n, notANumber := strconv.Atoi(count)
		_, twice := parts[prison]
		switch {
		case !found || err != nil || len(prison) != prisonIDLength || notANumber != nil:
			return nil, fmt.Errorf("%w: entry %d has another form", ErrWingParts, i+1)
		case n < 1 || n > maxWingParts:
			return nil, fmt.Errorf("%w: entry %d must have 1 to %d parts", ErrWingParts, i+1, maxWingParts)
		case twice:
			return nil, fmt.Errorf("%w: entry %d repeats a prison", ErrWingParts, i+1)
		}
		parts[prison] = n
	}
	return parts, nil
}

// prisonIDLength is the length of the ids of real prisons.
const prisonIDLength = 3

// String returns the form that [ParseWingParts] reads, sorted by prison.
func (w WingParts) String() string {
	entries := make([]string, 0, len(w))
	for _, prison := range slices.Sorted(maps.Keys(w)) {
		entries = append(entries, fmt.Sprintf("%s=%d", prison, w[prison]))
	}
	return strings.Join(entries, ",")
}

// of returns the parts of a wing's name in a prison, at least 1.
func (w WingParts) of(prison PrisonID) int { return max(w[prison], 1) }

// Location is where somebody is inside a prison, as the directory writes it. It is a cell,
// such as A-1-002, or another text, such as RECP. The zero Location has no text.
type Location struct {
	text  string
	parts []string // in capitals; nil when it is no cell
	wing  int      // the parts of the wing's name
}

// Location reads a text of the directory about a prison. Any text has a Location. A
// leading id of the prison is cut off, and so are blanks on either side.
func (w WingParts) Location(prison PrisonID, text string) Location {
	l := Location{text: withoutPrison(prison, strings.TrimSpace(text)), wing: w.of(prison)}
	if parts := partsOf(l.text); isCell(parts, l.wing) {
		l.parts = parts
	}
	return l
}

// Text returns the text without the id of the prison; "" when there is none.
func (l Location) Text() string { return l.text }

// IsCell reports whether the text names a cell.
func (l Location) IsCell() bool { return l.parts != nil }

// Wing returns the name of a cell's wing in capitals; "" of what is no cell.
func (l Location) Wing() string { return strings.Join(l.area(Wing), "-") }

// Landing returns the name of a cell's landing in capitals; "" of what is no cell.
func (l Location) Landing() string { return strings.Join(l.area(Landing), "-") }

// area returns the parts of the cell, landing or wing; nil of what is no cell.
func (l Location) area(size Restriction) []string {
	switch {
	case !l.IsCell():
		return nil
	case size == Cell:
		return l.parts
	case size == Landing:
		return l.parts[:len(l.parts)-1]
	default:
		return l.parts[:l.wing]
	}
}

// isText reports whether two texts that are not empty are the same. Capitals do not matter.
func (l Location) isText(text string) bool {
	return l.text != "" && strings.EqualFold(l.text, text)
}

// withoutPrison cuts the leading id of a prison off.
func withoutPrison(prison PrisonID, text string) string {
	prefix := string(prison) + "-"
	if prison != "" && len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) {
		return text[len(prefix):]
	}
	return text
}

// partsOf splits a text at its hyphens, in capitals.
func partsOf(text string) []string { return strings.Split(strings.ToUpper(text), "-") }

// isCell reports whether parts name a cell: those of a wing, at least one of a landing and
// a number. A text with an empty part names nothing that could be compared.
func isCell(parts []string, wing int) bool {
	return len(parts) >= wing+2 && !slices.Contains(parts, "") && isDigits(parts[len(parts)-1])
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// Destination is where prisoners are to be moved inside a prison: a wing, a landing, a
// cell or another place. The zero Destination is anywhere in the prison.
type Destination struct {
	text  string
	parts []string // in capitals; nil for anywhere
	size  Near
}

// ErrDestination refuses a text that is no destination.
var ErrDestination = errors.New("must be a wing, landing or cell such as A-1-002")

// maxDestination bounds the text of a destination, in characters.
const maxDestination = 120

// ParseDestination parses a wing, landing or cell of a prison. A leading id of the prison
// is cut off. The error is [ErrDestination], also for an empty text.
func (w WingParts) ParseDestination(prison PrisonID, text string) (Destination, error) {
	text = withoutPrison(prison, text)
	d := Destination{text: text, parts: partsOf(text), size: NearLanding}
	if len([]rune(text)) > maxDestination || slices.Contains(d.parts, "") || strings.ContainsFunc(text, isNotOfDestination) {
		return Destination{}, ErrDestination
	}
	switch wing := w.of(prison); {
	case len(d.parts) <= wing:
		d.size = NearWing
	case isCell(d.parts, wing):
		d.size = NearCell
	}
	return d, nil
}

func isNotOfDestination(r rune) bool {
	return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == unicode.ReplacementChar
}

// Text returns the text without the id of the prison; "" for anywhere.
func (d Destination) Text() string { return d.text }

// Size returns how large the destination is: NearCell, NearLanding, NearWing or, for
// anywhere, NearPrison.
func (d Destination) Size() Near {
	if d.parts == nil {
		return NearPrison
	}
	return d.size
}

// beginsWith reports whether parts begin with all parts of a beginning.
func beginsWith(parts, beginning []string) bool {
	return len(parts) >= len(beginning) && slices.Equal(parts[:len(beginning)], beginning)
}
