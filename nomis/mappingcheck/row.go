package mappingcheck

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"nonassociations/domain"
	"nonassociations/nomis/mirror"
)

// parseRow reads one row as the answers of the API are read: names are compared with their
// letter case, one that comes twice is an error, unknown ones are ignored, and what is no
// character becomes U+FFFD. Its prisoner numbers are in upper case. The error ends a
// sentence about the line and quotes nothing of it.
func parseRow(text []byte) (mirror.Row, domain.Pair, error) {
	var row mirror.Row
	if err := json.Unmarshal(text, &row, jsontext.AllowInvalidUTF8(true)); err != nil {
		return row, domain.Pair{}, malformedJSON(err)
	}
	pair, err := parsePair(row.OffenderNo, row.NSOffenderNo)
	switch {
	case err != nil:
		return row, pair, errors.New("has no two prisoner numbers in offenderNo and nsOffenderNo")
	case row.TypeSequence < 1 || row.TypeSequence > math.MaxInt32:
		return row, pair, errors.New("has no typeSequence")
	}
	row.OffenderNo, row.NSOffenderNo = strings.ToUpper(row.OffenderNo), strings.ToUpper(row.NSOffenderNo)
	return row, pair, nil
}

// malformedJSON names the field of a wrong type, which is one of a row.
func malformedJSON(err error) error {
	var wrong *json.SemanticError
	if errors.As(err, &wrong) && wrong.JSONPointer != "" {
		return fmt.Errorf("has a wrong type of %s", wrong.JSONPointer.LastToken())
	}
	return errors.New("is not a JSON object")
}

// MalformedError says which lines of an extract are no rows.
type MalformedError struct {
	lines []malformedLine
}

type malformedLine struct {
	number int32
	why    string
}

// mostNamed bounds the text of the error. The wrong file has as many wrong lines as lines.
const mostNamed = 50

// add adds a line. why ends a sentence about it.
func (e *MalformedError) add(number int32, why string) {
	e.lines = append(e.lines, malformedLine{number, why})
}

// orNil returns the error, or nil when no line is malformed.
func (e *MalformedError) orNil() error {
	if len(e.lines) == 0 {
		return nil
	}
	slices.SortFunc(e.lines, func(a, b malformedLine) int { return int(a.number - b.number) })
	return e
}

// Error names the lines by their numbers, the first being 1, one a line. It quotes nothing
// of them.
func (e *MalformedError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "lines of the extract that cannot be read: %d", len(e.lines))
	for _, line := range e.lines[:min(len(e.lines), mostNamed)] {
		fmt.Fprintf(&text, "\n  line %d %s", line.number, line.why)
	}
	if more := len(e.lines) - mostNamed; more > 0 {
		fmt.Fprintf(&text, "\n  and %d more", more)
	}
	return text.String()
}
