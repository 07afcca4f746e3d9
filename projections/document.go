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

// listItem is one non-association as the documents of its two prisoners show it,
// who share it.
type listItem struct {
	pair      domain.Pair
	effective domain.LocalDateTime
	position  int64                // of the event that opened it: the recorded order
	codes     [2]domain.ReasonCode // of the pair's numbers
	text      []byte               // what both documents say; the whole item of one that was read
	read      bool                 // from the document of one prisoner, whom it says all for
}

// itemsOf are the pair's non-associations as lists show them: all that are
// not deleted.
func (p *pairRow) itemsOf() []*listItem {
	entries, numbers := make([]*listItem, 0, len(p.state.Items)), p.state.Pair.Numbers()
	for i, n := range p.state.Items {
		if n.Deleted {
			continue
		}
		entries = append(entries, &listItem{
			pair: p.state.Pair, effective: n.EffectiveDate, position: p.positions[i],
			codes: [2]domain.ReasonCode{n.Sides[numbers[0]].ReasonCode, n.Sides[numbers[1]].ReasonCode},
			text:  renderShared(n),
		})
	}
	return entries
}

// sortItems: oldest effective date first, then as recorded.
func sortItems(entries []*listItem) {
	slices.SortFunc(entries, func(a, b *listItem) int {
		return cmp.Or(cmp.Compare(a.effective, b.effective), cmp.Compare(a.position, b.position))
	})
}

// An item is written as the original record does, with these keys and no
// further ones: appendItem writes it seen from one prisoner, with what
// renderShared wrote for both.
func renderShared(n domain.NonAssociation) []byte {
	b := make([]byte, 0, 256)
	b = append(b, `,"typeCode":`...)
	b = appendText(b, string(n.TypeCode))
	b = append(b, `,"effectiveDate":`...)
	b = appendText(b, string(n.EffectiveDate))
	b = append(b, `,"expiryDate":`...)
	b = appendTextOrNull(b, (*string)(n.ExpiryDate))
	b = append(b, `,"authorisedBy":`...)
	b = appendTextOrNull(b, n.AuthorisedBy)
	b = append(b, `,"comments":`...)
	return appendTextOrNull(b, n.Comment)
}

func appendItem(b []byte, e *listItem, of domain.PrisonerNumber) []byte {
	if e.read {
		return append(b, e.text...)
	}
	code, others := e.codes[0], e.codes[1]
	if of != e.pair.Numbers()[0] {
		code, others = others, code
	}
	b = append(b, `{"reasonCode":`...)
	b = appendText(b, string(code))
	b = append(b, e.text...)
	b = append(b, `,"prisonerNonAssociation":{"prisonerNumber":`...)
	b = appendText(b, string(e.pair.Other(of)))
	b = append(b, `,"reasonCode":`...)
	b = appendText(b, string(others))
	return append(b, `}}`...)
}

// appendText quotes; bytes that are no UTF-8 become U+FFFD, as Postgres would
// refuse them. No control character stands raw.
func appendText(b []byte, s string) []byte {
	from := len(b)
	b, _ = jsontext.AppendQuote(b, s)
	quoted := b[from:]
	if escaped := domain.Escaped(quoted); len(escaped) > len(quoted) {
		b = append(b[:from], escaped...)
	}
	return b
}

func appendTextOrNull(b []byte, s *string) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return appendText(b, *s)
}

func listPrefix(number domain.PrisonerNumber) string {
	return `{"prisonerNumber":"` + string(number) + `","nonAssociations":[`
}

const listSuffix = `]}`

// render appends the whole answer to document and, for the next time, one line
// for each of its items to lines: other prisoner, effective date, position,
// length in bytes.
func render(document, lines []byte, number domain.PrisonerNumber, entries []*listItem) (_, _ []byte) {
	document = append(document, listPrefix(number)...)
	for i, e := range entries {
		if i > 0 {
			document = append(document, ',')
		}
		before := len(document)
		document = appendItem(document, e, number)
		lines = append(append(lines, e.pair.Other(number)...), ' ')
		lines = append(append(lines, e.effective...), ' ')
		lines = append(strconv.AppendInt(lines, e.position, 10), ' ')
		lines = append(strconv.AppendInt(lines, int64(len(document)-before), 10), '\n')
	}
	return append(document, listSuffix...), lines
}

var errDocument = errors.New("a prisoner's document and its entries do not fit together: rebuild the read model")

// parse takes apart what render wrote.
func parse(number domain.PrisonerNumber, document []byte, lines string) ([]*listItem, error) {
	rest := document[min(len(listPrefix(number)), len(document)):]
	entries := make([]*listItem, 0, strings.Count(lines, "\n"))
	for line := range strings.Lines(lines) {
		e, length, err := parseItem(number, line)
		if err != nil || length >= len(rest) {
			return nil, errDocument
		}
		// The bytes are shared with the document that was read; nobody changes them.
		e.text, rest = rest[:length:length], rest[length+1:] // a comma, or the end of the list
		entries = append(entries, e)
	}
	return entries, nil
}

func parseItem(number domain.PrisonerNumber, line string) (*listItem, int, error) {
	fields := strings.Fields(line)
	if len(fields) != 4 {
		return nil, 0, errDocument
	}
	pair, errPair := domain.NewPair(number, domain.PrisonerNumber(fields[0]))
	position, err := strconv.ParseInt(fields[2], 10, 64)
	length, errLength := strconv.Atoi(fields[3])
	if length < 0 {
		errLength = errDocument
	}
	e := &listItem{pair: pair, effective: domain.LocalDateTime(fields[1]), position: position, read: true}
	return e, length, errors.Join(errPair, err, errLength)
}
