package projections

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"nonassociations/domain"
)

// entry is one item of a prisoner's document, with what it takes to find it
// again and to keep the order.
type entry struct {
	other     domain.PrisonerNumber
	effective domain.LocalDateTime
	position  int64 // of the event that opened it: the recorded order
	item      []byte
}

// sortEntries: oldest effective date first, then as recorded.
func sortEntries(entries []entry) {
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.effective, b.effective), cmp.Compare(a.position, b.position))
	})
}

// renderItem writes one non-association as the original record does, seen from
// one prisoner: these keys and no further ones.
func renderItem(n domain.NonAssociation, of, other domain.PrisonerNumber) []byte {
	b := make([]byte, 0, 320)
	b = append(b, `{"reasonCode":`...)
	b = appendText(b, string(n.Sides[of].ReasonCode))
	b = append(b, `,"typeCode":`...)
	b = appendText(b, string(n.TypeCode))
	b = append(b, `,"effectiveDate":`...)
	b = appendText(b, string(n.EffectiveDate))
	b = append(b, `,"expiryDate":`...)
	b = appendTextOrNull(b, (*string)(n.ExpiryDate))
	b = append(b, `,"authorisedBy":`...)
	b = appendTextOrNull(b, n.AuthorisedBy)
	b = append(b, `,"comments":`...)
	b = appendTextOrNull(b, n.Comment)
	b = append(b, `,"prisonerNonAssociation":{"prisonerNumber":`...)
	b = appendText(b, string(other))
	b = append(b, `,"reasonCode":`...)
	b = appendText(b, string(n.Sides[other].ReasonCode))
	return append(b, `}}`...)
}

// appendText quotes; bytes that are no UTF-8 become U+FFFD, as Postgres would
// refuse them.
func appendText(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

func appendTextOrNull(b []byte, s *string) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return appendText(b, *s)
}

func opening(number domain.PrisonerNumber) string {
	return `{"prisonerNumber":"` + string(number) + `","nonAssociations":[`
}

const closing = `]}`

// render is the whole answer and, for the next time, one line for each of its
// items: other prisoner, effective date, position, length in bytes.
func render(number domain.PrisonerNumber, entries []entry) (document, lines []byte) {
	size := len(opening(number)) + len(closing)
	for _, e := range entries {
		size += len(e.item) + 1
	}
	document = append(make([]byte, 0, size), opening(number)...)
	lines = make([]byte, 0, len(entries)*len("A1234BC 2021-07-05T10:35:17 123456789 123\n"))
	for i, e := range entries {
		if i > 0 {
			document = append(document, ',')
		}
		document = append(document, e.item...)
		lines = append(append(lines, e.other...), ' ')
		lines = append(append(lines, e.effective...), ' ')
		lines = append(strconv.AppendInt(lines, e.position, 10), ' ')
		lines = append(strconv.AppendInt(lines, int64(len(e.item)), 10), '\n')
	}
	return append(document, closing...), lines
}

var errDocument = errors.New("a prisoner's document and its entries do not fit together: rebuild the read model")

// parse takes apart what render wrote.
func parse(number domain.PrisonerNumber, document []byte, lines string) ([]entry, error) {
	rest := document[min(len(opening(number)), len(document)):]
	entries := make([]entry, 0, strings.Count(lines, "\n"))
	for line := range strings.Lines(lines) {
		e, length, err := parseLine(line)
		if err != nil || length >= len(rest) {
			return nil, errDocument
		}
		// The bytes are shared with the document that was read; nobody changes them.
		e.item, rest = rest[:length:length], rest[length+1:] // a comma, or the end of the list
		entries = append(entries, e)
	}
	return entries, nil
}

func parseLine(line string) (entry, int, error) {
	fields := strings.Fields(line)
	if len(fields) != 4 {
		return entry{}, 0, errDocument
	}
	position, err := strconv.ParseInt(fields[2], 10, 64)
	length, errLength := strconv.Atoi(fields[3])
	e := entry{other: domain.PrisonerNumber(fields[0]), effective: domain.LocalDateTime(fields[1]), position: position}
	if length < 0 {
		errLength = errDocument
	}
	return e, length, errors.Join(err, errLength)
}
