package screens

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/queries"
)

// listRow is one record of a prisoner's list, seen from that prisoner.
type listRow struct {
	ID     uuid.UUID
	Other  person
	record domain.NonAssociation
	mine   domain.Side // the key prisoner's

	Location      string
	Establishment string
	Reason        string
	Restriction   string
	Date          string // of the last update, or of the closing
	Tags          []string
}

// listKind is one of the two lists of a prisoner.
type listKind struct {
	closed bool
	word   string // "open" or "closed"
}

var (
	openKind   = listKind{false, "open"}
	closedKind = listKind{true, "closed"}
)

// rowsOf returns the records of one kind, seen from a prisoner.
func rowsOf(records []queries.Record, of domain.PrisonerNumber, everybody people, kind listKind, now time.Time) []listRow {
	var rows []listRow
	today := domain.Today(now)
	for _, r := range records {
		n := r.NonAssociation
		if n.IsClosed(today) != kind.closed {
			continue
		}
		row := listRow{
			ID: n.ID, Other: everybody.of(r.Pair.Other(of)), record: n, mine: n.Sides[of],
			Reason: word(domain.Reasons(), n.Reason), Restriction: restriction(n.Restriction, n.TypeCode),
			Date: listDate(n.UpdatedAt.In(now.Location())), Tags: tagsOf(n, today),
		}
		row.Location, row.Establishment = row.Other.place(), establishment(row.Other)
		if kind.closed && n.ExpiryDate != nil {
			row.Date = day(*n.ExpiryDate)
		}
		rows = append(rows, row)
	}
	return rows
}

// establishment returns the name of the prison where a prisoner is, or its id.
func establishment(p person) string {
	if !p.prison().IsPrison() {
		return ""
	}
	return orText(p.PrisonName, p.PrisonID)
}

// tagsOf returns what a record's dates say on a day.
func tagsOf(n domain.NonAssociation, today string) []string {
	return dateTags(n, n.IsClosed(today), isPending(n, today))
}

// dateTags returns what the dates of a record say that is closed, or has not begun.
func dateTags(n domain.NonAssociation, closed, pending bool) []string {
	if closed {
		return []string{wordClosed}
	}
	var tags []string
	if pending {
		tags = append(tags, "Starts "+day(n.EffectiveDate))
	}
	if n.ExpiryDate != nil {
		tags = append(tags, "Ends "+day(*n.ExpiryDate))
	}
	return tags
}

// isPending reports whether a record begins after a day.
func isPending(n domain.NonAssociation, today string) bool {
	return len(n.EffectiveDate) >= len(today) && string(n.EffectiveDate)[:len(today)] > today
}

// sorting is the order of one group.
type sorting struct {
	column     string
	descending bool
}

// sortColumns have the value of each column of the real system. A value of "" is missing.
var sortColumns = map[string]func(listRow) string{
	"WHEN_CREATED": func(r listRow) string { return string(r.record.EffectiveDate) },
	byUpdated:      func(r listRow) string { return r.record.UpdatedAt.UTC().Format("2006-01-02T15:04:05.000000000") },
	byClosed: func(r listRow) string {
		if r.record.ExpiryDate == nil {
			return ""
		}
		return string(*r.record.ExpiryDate)
	},
	"LAST_NAME":       func(r listRow) string { return fold(r.Other.LastName) },
	"FIRST_NAME":      func(r listRow) string { return fold(r.Other.FirstName) },
	"PRISONER_NUMBER": func(r listRow) string { return string(r.Other.Number) },
	"PRISON_ID":       func(r listRow) string { return r.Other.PrisonID },
	"PRISON_NAME":     func(r listRow) string { return fold(orText(r.Establishment, r.Other.PrisonName)) },
	"CELL_LOCATION":   func(r listRow) string { return r.Other.CellLocation },
}

// fold makes names comparable.
func fold(name string) string { return strings.ToLower(name) }

// sorted returns rows in an order. Ties go by name, number and id; a missing value comes
// last in both directions.
func sorted(rows []listRow, by sorting) []listRow {
	value := sortColumns[by.column]
	return slices.SortedStableFunc(slices.Values(rows), func(a, b listRow) int {
		one, two := value(a), value(b)
		switch {
		case one == two:
			return tie(a, b)
		case one == "":
			return 1
		case two == "":
			return -1
		case by.descending:
			return cmp.Compare(two, one)
		}
		return cmp.Compare(one, two)
	})
}

// tie compares rows with the same value: by name, unnamed last, then number, then id.
func tie(a, b listRow) int {
	if a.Other.named != b.Other.named {
		if a.Other.named {
			return -1
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(fold(a.Other.LastName), fold(b.Other.LastName)), cmp.Compare(fold(a.Other.FirstName), fold(b.Other.FirstName)),
		cmp.Compare(a.Other.Number, b.Other.Number), slices.Compare(a.ID[:], b.ID[:]),
	)
}
