package queries

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// SortField is a value to sort all non-associations by. Records with the same value are
// sorted by id.
type SortField string

// The fields, as the API writes them. A record that never expires counts as later than
// all records that do: by closedAt it is last upwards and first downwards.
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

// IsFixed reports whether a record keeps the field's value for ever. Only a list that is
// sorted by a fixed field can be read page by page with a Cursor. With any other field
// a record whose value changes between two pages may move past the cursor, and is then
// missed although it was there all the time.
//
// Only the id is fixed. NOMIS amends the effective date, and with it whenCreated and
// the end. Every change moves whenUpdated. Closing and reopening move closedAt. A merge
// of prisoner numbers changes both numbers.
func (f SortField) IsFixed() bool { return f == ByID }

// column returns the column of a field. No text of a caller gets into the SQL.
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

// Cursor is the end of a page: the id of its last record.
type Cursor struct {
	ID uuid.UUID
}

// PageRequest asks for one page of all non-associations. The page begins after the
// cursor After, or, where that is nil, after Offset records. After needs a field that
// is fixed.
type PageRequest struct {
	Filter

	By         SortField
	Descending bool
	Size       int
	Offset     int64
	After      *Cursor
}

// sql finds the ids in the table of records alone, by an index where there is one. Then
// it joins the content of the page, and counts all records in the same snapshot.
func (of PageRequest) sql() string {
	const wanted = `FROM read.non_association WHERE NOT deleted AND expires >= $1 AND expires < $2`
	column, direction, beyond := of.By.column(), "ASC", ">"
	if of.Descending {
		direction, beyond = "DESC", "<"
	}
	order := "id " + direction
	if column != "id" {
		order = column + " " + direction + ", " + order
	}
	after, offset := "", "OFFSET $4"
	if of.After != nil {
		after, offset = "AND id "+beyond+" $4", ""
	}
	return fmt.Sprintf(`SELECT (SELECT count(*) %[1]s), k.id, n.pair, p.state
		FROM (SELECT) always
		LEFT JOIN (SELECT id, row_number() OVER (ORDER BY %[2]s) AS rank
			%[1]s %[3]s ORDER BY %[2]s LIMIT $3 %[4]s) k ON true
		LEFT JOIN read.non_association n ON n.id = k.id
		LEFT JOIN read.pair p ON p.pair = n.pair
		ORDER BY k.rank`, wanted, order, after, offset)
}

// arguments are those of sql. One record more than the page holds is read, to see
// whether another page follows.
func (of PageRequest) arguments() []any {
	from, before := of.expiry()
	if of.After != nil {
		return []any{from, before, of.Size + 1, [16]byte(of.After.ID)}
	}
	return []any{from, before, of.Size + 1, of.Offset}
}

// Page is one page of records.
type Page struct {
	Records

	Total int64   // of all records that match the filter, in the same snapshot
	Next  *Cursor // the end of this page; nil when no record follows
}

// read takes the rows of PageRequest.sql. An empty page is one row with the total only.
func (p *Page) read(rows pgx.Rows, size int) error {
	states := states{}
	var (
		last  Cursor
		id    *[16]byte
		pair  *string
		state []byte
	)
	_, err := pgx.ForEachRow(rows, []any{&p.Total, &id, &pair, &state}, func() error {
		if id == nil {
			return nil
		}
		if len(p.Records.Records) == size {
			p.Next = &last
			return nil
		}
		record, err := states.record(*id, *pair, state)
		p.Records.Records, last = append(p.Records.Records, record), Cursor{*id}
		return err
	})
	return err
}

var errCursorField = errors.New("a cursor needs a sort field that is fixed")

// Page reads a page. Errors: ErrNotCaughtUp, ErrBehind, and one for a cursor with a
// field that is not fixed.
func (r *Reader) Page(ctx context.Context, of PageRequest) (Page, error) {
	if of.After != nil && of.By.column() != ByID.column() {
		return Page{}, wrapped("read a page", errCursorField)
	}
	page, err := reaching(ctx, r, of.AtLeast, func(ctx context.Context) (page Page, position uint64, err error) {
		page.Position, err = r.snapshot(ctx, func(rows pgx.Rows) error { return page.read(rows, of.Size) }, of.sql(), of.arguments()...)
		return page, page.Position, err
	})
	return page, wrapped("read a page", err)
}
