package rebuild

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math/bits"
	"strings"

	"github.com/jackc/pgx/v5"

	"nonassociations/projections/generation"
)

// Digest is the sum modulo 2²⁵⁶ of the SHA-256 of all rows of a table, with their
// number. It does not depend on the order of the rows. A sum is not XOR: two equal rows
// do not cancel.
type Digest struct {
	Rows uint64
	sum  [4]uint64 // the lowest digits first
}

// add adds a row.
func (d *Digest) add(row [sha256.Size]byte) {
	d.Rows++
	carry := uint64(0)
	for i := range d.sum {
		d.sum[i], carry = bits.Add64(d.sum[i], binary.BigEndian.Uint64(row[24-8*i:]), carry)
	}
}

// String returns the sum in lower-case hex.
func (d Digest) String() string {
	var b [sha256.Size]byte
	for i, word := range d.sum {
		binary.BigEndian.PutUint64(b[24-8*i:], word)
	}
	return hex.EncodeToString(b[:])
}

// rowHasher hashes rows: of each column the length of its text in 8 bytes, big-endian,
// and the text. NULL is the length −1.
type rowHasher struct{ hash hash.Hash }

func newRowHasher() rowHasher { return rowHasher{sha256.New()} }

// sum hashes one row. A nil column is NULL.
func (h rowHasher) sum(columns [][]byte) (sum [sha256.Size]byte) {
	var length [8]byte
	h.hash.Reset()
	for _, text := range columns {
		n := int64(-1)
		if text != nil {
			n = int64(len(text))
		}
		binary.BigEndian.PutUint64(length[:], uint64(n)) // the bits of −1 are meant
		h.hash.Write(length[:])
		h.hash.Write(text)
	}
	h.hash.Sum(sum[:0])
	return sum
}

// digestOf reads a whole table, or the rows that where selects, and holds one row at a
// time. Its texts are those of a session that was prepared by plainTexts.
func digestOf(ctx context.Context, tx pgx.Tx, from string, t generation.Table, where string) (d Digest, err error) {
	sql := "SELECT " + strings.Join(t.Columns, ", ") + " FROM " + from + "." + t.Name + where
	hasher := newRowHasher()
	result := tx.Conn().PgConn().ExecParams(ctx, sql, nil, nil, nil, nil)
	for result.NextRow() {
		d.add(hasher.sum(result.Values()))
	}
	if _, err := result.Close(); err != nil {
		return Digest{}, fmt.Errorf("compute the digest of %s.%s: %w", from, t.Name, err)
	}
	return d, nil
}

// plainTexts makes the texts of times the same in every installation.
func plainTexts(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL bytea_output = 'hex'; SET LOCAL row_security = off;
		SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on`)
	if err != nil {
		return fmt.Errorf("prepare to read the tables: %w", err)
	}
	return nil
}
