package queries

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// SortField is a value to sort all non-associations by; ties are in the order
// of their ids.
type SortField string

// The fields. One that never expires counts as later than all that do: it is
// last upwards and first downwards.
const (
	ByID           SortField = "id"
	ByWhenCreated  SortField = "whenCreated"
	ByWhenUpdated  SortField = "whenUpdated"
	ByClosedAt     SortField = "closedAt"
	ByFirstNumber  SortField = "firstPrisonerNumber"
	BySecondNumber SortField = "secondPrisonerNumber"
)

// SortFields lists every field.
func SortFields() []SortField {
	return []SortField{ByID, ByWhenCreated, ByWhenUpdated, ByClosedAt, ByFirstNumber, BySecondNumber}
}

// Cursor is where a page ended: the value it was sorted by, and the id.
type Cursor struct {
	Value string
	ID    uuid.UUID
}

// PageRequest asks for a page of all non-associations: behind a place, or, when
// there is none, after Offset of them.
type PageRequest struct {
	Filter

	By         SortField
	Descending bool
	Size       int
	Offset     int64
	After      *Cursor
}

// Page is one page, with the number of all that were asked for in the same
// moment.
type Page struct {
	Records

	Total int64
	Next  *Cursor // where the page ended; nil when nothing follows
}

// Page reads a page. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) Page(ctx context.Context, of PageRequest) (Page, error) {
	from, before := of.expiry()
	arguments := []any{from, before, of.Size + 1} // one more, to see whether anything follows
	if of.After != nil {
		arguments = append(arguments, of.After.Value, [16]byte(of.After.ID))
	} else {
		arguments = append(arguments, of.Offset)
	}
	page, err := reaching(ctx, of.AtLeast, func(ctx context.Context) (page Page, position uint64, err error) {
		page.Position, err = r.snapshot(ctx, func(rows pgx.Rows) error { return page.read(rows, of.Size) }, of.sql(), arguments...)
		return page, page.Position, err
	})
	return page, wrapped("read a page", err)
}

// read takes a row each; an empty page is one row with the total alone.
func (p *Page) read(rows pgx.Rows, size int) error {
	states := states{}
	var (
		last  Cursor
		value *string
		id    *[16]byte
		pair  *string
		state []byte
	)
	_, err := pgx.ForEachRow(rows, []any{&p.Total, &value, &id, &pair, &state}, func() error {
		if id == nil {
			return nil
		}
		if len(p.Records.Records) == size {
			p.Next = &last
			return nil
		}
		record, err := states.record(*id, *pair, state)
		p.Records.Records, last = append(p.Records.Records, record), Cursor{*value, *id}
		return err
	})
	return err
}

// column is where a field lies; no text of a caller gets into the SQL.
func (f SortField) column() string {
	switch f {
	case ByWhenCreated:
		return "when_created"
	case ByWhenUpdated:
		return "when_updated"
	case ByClosedAt:
		return "expires"
	case ByFirstNumber:
		return "first_number"
	case BySecondNumber:
		return "second_number"
	default:
		return "id"
	}
}

// sql finds the ids by the lines alone, in an index where there is one, then
// what they say, and counts in the same moment.
func (of PageRequest) sql() string {
	const wanted = `FROM read.non_association WHERE NOT hidden AND expires >= $1 AND expires < $2`
	column, direction, beyond := of.By.column(), "ASC", ">"
	if of.Descending {
		direction, beyond = "DESC", "<"
	}
	order, start := fmt.Sprintf("%s %s, id %[2]s", column, direction), "OFFSET $4"
	if column == "id" {
		order = "id " + direction
	}
	var behind string
	switch {
	case of.After == nil:
	case column == "id":
		behind, start = fmt.Sprintf("AND $4::text IS NOT NULL AND id %s $5", beyond), ""
	default:
		behind, start = fmt.Sprintf("AND (%s, id) %s ($4, $5)", column, beyond), ""
	}
	return fmt.Sprintf(`SELECT (SELECT count(*) %[1]s), k.value, k.id, n.pair, p.state
		FROM (SELECT) always
		LEFT JOIN (SELECT id, %[2]s::text AS value, row_number() OVER (ORDER BY %[3]s) AS place
			%[1]s %[4]s ORDER BY %[3]s LIMIT $3 %[5]s) k ON true
		LEFT JOIN read.non_association n ON n.id = k.id
		LEFT JOIN read.pair p ON p.pair = n.pair
		ORDER BY k.place`, wanted, column, order, behind, start)
}
