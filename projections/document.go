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

// The document of a prisoner is the whole answer to GET, stored ready to be sent (ADR 0007):
// a read is one look-up by the primary key, and renders nothing. The price is paid when a fact
// is projected, where the documents of both prisoners are rendered again.

// listItem is one non-association in the lists of its two prisoners. An item that was
// folded is shared by both lists. An item that was read belongs to one list only.
type listItem struct {
	pair      domain.Pair
	effective domain.LocalDateTime
	position  int64                // of the event that opened it: the recorded order
	codes     [2]domain.ReasonCode // in the order of the pair's numbers; unset when read
	text      []byte               // the part that both lists share; when read, the whole item
	read      bool                 // from a stored document
}

// itemsOf returns the items of a pair: its non-associations that are not deleted.
func itemsOf(p *pairRow) []*listItem {
	items, numbers := make([]*listItem, 0, len(p.state.Items)), p.state.Pair.Numbers()
	for i, n := range p.state.Items {
		if n.Deleted {
			continue
		}
		items = append(items, &listItem{
			pair: p.state.Pair, effective: n.EffectiveDate, position: p.positions[i],
			codes: [2]domain.ReasonCode{n.Sides[numbers[0]].ReasonCode, n.Sides[numbers[1]].ReasonCode},
			text:  renderShared(n),
		})
	}
	return items
}

// sortItems sorts by effective date, oldest first, and then in the recorded order.
func sortItems(items []*listItem) {
	slices.SortFunc(items, func(a, b *listItem) int {
		return cmp.Or(cmp.Compare(a.effective, b.effective), cmp.Compare(a.position, b.position))
	})
}

// renderShared renders the keys of an item that are the same in both lists. The keys
// and their order are those of the original service; consumers compare the bytes.
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

// appendItem appends the whole item of the list of one prisoner: the own reason code,
// what renderShared wrote, and the other prisoner.
func appendItem(b []byte, item *listItem, of domain.PrisonerNumber) []byte {
	if item.read {
		return append(b, item.text...)
	}
	own, other := item.codes[0], item.codes[1]
	if of != item.pair.Numbers()[0] {
		own, other = other, own
	}
	b = append(b, `{"reasonCode":`...)
	b = appendText(b, string(own))
	b = append(b, item.text...)
	b = append(b, `,"prisonerNonAssociation":{"prisonerNumber":`...)
	b = appendText(b, string(item.pair.Other(of)))
	b = append(b, `,"reasonCode":`...)
	b = appendText(b, string(other))
	return append(b, `}}`...)
}

// appendText appends a JSON string. Bytes that are not UTF-8 become U+FFFD, because
// Postgres would refuse them, and every control character is escaped.
func appendText(b []byte, s string) []byte {
	from := len(b)
	b, _ = jsontext.AppendQuote(b, s) // its only error is invalid UTF-8, which it has replaced by then
	quoted := b[from:]
	if escaped := domain.Escaped(quoted); len(escaped) > len(quoted) {
		b = append(b[:from], escaped...)
	}
	return b
}

// appendTextOrNull appends null for a nil text.
func appendTextOrNull(b []byte, s *string) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return appendText(b, *s)
}

// listPrefix is everything of a document that comes before its first item. parse skips it
// by its length alone.
func listPrefix(number domain.PrisonerNumber) string {
	return `{"prisonerNumber":"` + string(number) + `","nonAssociations":[`
}

const listSuffix = `]}`

// render appends the whole answer to GET to document. To entries it appends one line
// for each item: other prisoner, effective date, position, length in bytes. With
// these lines parse takes the document apart again without decoding any JSON.
func render(document, entries []byte, number domain.PrisonerNumber, items []*listItem) (_, _ []byte) {
	document = append(document, listPrefix(number)...)
	for i, item := range items {
		if i > 0 {
			document = append(document, ',')
		}
		before := len(document)
		document = appendItem(document, item, number)
		entries = append(append(entries, item.pair.Other(number)...), ' ')
		entries = append(append(entries, item.effective...), ' ')
		entries = append(strconv.AppendInt(entries, item.position, 10), ' ')
		entries = append(strconv.AppendInt(entries, int64(len(document)-before), 10), '\n')
	}
	return append(document, listSuffix...), entries
}

// errDocument fails the batch. Only a change of the tables by hand, or a fault of
// render, can cause it; a rebuild mends both.
var errDocument = errors.New("a prisoner's document and its entries do not fit together: rebuild the read model")

// parse takes apart what render wrote. The items share memory with document, which
// must not be changed afterwards.
func parse(number domain.PrisonerNumber, document []byte, entries string) ([]*listItem, error) {
	rest := document[min(len(listPrefix(number)), len(document)):]
	items := make([]*listItem, 0, strings.Count(entries, "\n"))
	for line := range strings.Lines(entries) {
		item, length, err := parseItem(number, line)
		if err != nil || length >= len(rest) {
			return nil, errDocument
		}
		item.text, rest = rest[:length:length], rest[length+1:] // skips a comma, or the end of the list
		items = append(items, item)
	}
	return items, nil
}

// parseItem reads one line of entries, and returns the length of its item.
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
	item := &listItem{pair: pair, effective: domain.LocalDateTime(fields[1]), position: position, read: true}
	return item, length, errors.Join(errPair, err, errLength)
}
