package postgres

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"nonassociations/eventstore"
)

// maxBlock bounds what an event that is kept holds besides its own bytes.
const maxBlock = 16 << 10

// types are those of columns, in their order.
var types = [...]uint32{
	pgtype.Int8OID, pgtype.TextOID, pgtype.Int8OID, pgtype.UUIDOID, pgtype.TextOID, pgtype.ByteaOID, pgtype.ByteaOID, pgtype.TimestamptzOID,
}

// epoch is the beginning of 2000, from which Postgres counts, in the seconds of Unix.
const epoch = 946_684_800

// errForm means that a row of the log is not in the binary form of its columns.
var errForm = errors.New("a row of the log is in an unexpected form")

// decoder makes the events of the rows of one query. Whoever reads the whole log waits for
// little else, so it takes the binary values as they are, and the bytes of events that
// stand together come from one block of memory.
type decoder struct {
	events       []eventstore.RecordedEvent
	stream, kind string // of the last one
	block        []byte
	size         int // of the block; it doubles, so that a short answer takes little
}

// add decodes one row of columns, whose values may change afterwards. Errors: errForm.
func (d *decoder) add(fields []pgconn.FieldDescription, values [][]byte) error {
	if len(d.events) == 0 && !slices.EqualFunc(fields, types[:], isBinary) {
		return errForm
	}
	for i, value := range values {
		if value == nil && types[i] != pgtype.ByteaOID {
			return errForm
		}
	}
	micros := int64(binary.BigEndian.Uint64(values[7])) //nolint:gosec // the sign
	if micros == math.MinInt64 || micros == math.MaxInt64 {
		return errForm // they stand for infinite times
	}
	if len(d.events) == cap(d.events) {
		d.events = slices.Grow(d.events, max(8, len(d.events)))
	}
	d.reserve(len(values[5]) + len(values[6]))
	d.stream, d.kind = text(d.stream, values[1]), text(d.kind, values[4])
	d.events = append(d.events, eventstore.RecordedEvent{
		Event:    eventstore.Event{ID: [16]byte(values[3]), Type: d.kind, Data: d.keep(values[5]), Metadata: d.keep(values[6])},
		Stream:   d.stream,
		Revision: binary.BigEndian.Uint64(values[2]), Position: positionAt(int64(binary.BigEndian.Uint64(values[0]))), //nolint:gosec // never negative
		RecordedAt: time.Unix(epoch+micros/1e6, micros%1e6*1000).UTC(),
	})
	return nil
}

// isBinary reports whether the values of a column have a type, in its binary form.
func isBinary(field pgconn.FieldDescription, of uint32) bool {
	return field.Format == pgx.BinaryFormatCode && field.DataTypeOID == of
}

// text returns a value as text, which often is the one of the event before.
func text(before string, value []byte) string {
	if before == string(value) {
		return before
	}
	return string(value)
}

// reserve makes room for a number of bytes in the block.
func (d *decoder) reserve(count int) {
	if cap(d.block)-len(d.block) >= count && d.block != nil {
		return
	}
	d.size = min(max(2*d.size, count), maxBlock)
	d.block = make([]byte, 0, max(d.size, count))
}

// keep copies a value into the block.
func (d *decoder) keep(value []byte) []byte {
	from := len(d.block)
	d.block = append(d.block, value...)
	return slices.Clip(d.block[from:])
}
