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

// digestsOf computes the digests of all tables of a schema, in the order of
// generation.Tables.
func digestsOf(ctx context.Context, tx pgx.Tx, from string) ([]Digest, error) {
	all := make([]Digest, 0, len(generation.Tables))
	for _, t := range generation.Tables {
		d, err := digestOf(ctx, tx, from, t, "")
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// exportSnapshot returns the name by which another session gets the snapshot of a
// transaction, as long as that goes on.
func exportSnapshot(ctx context.Context, tx pgx.Tx) (snapshot string, err error) {
	if err := tx.QueryRow(ctx, `SELECT pg_export_snapshot()`).Scan(&snapshot); err != nil {
		return "", fmt.Errorf("share what the transaction sees: %w", err)
	}
	return snapshot, nil
}

// digestsBeside is digestsOf in a session of its own, with an exported snapshot. It sees
// nothing that the transaction of the snapshot has written. That transaction waits for it,
// which Postgres does not know: so it waits for no lock longer than two seconds, since the
// holder may wait for the transaction.
func digestsBeside(ctx context.Context, config *pgx.ConnConfig, snapshot, from string) (all []Digest, err error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET TRANSACTION SNAPSHOT '`+snapshot+`'`); err != nil { // of digits and hyphens
			return fmt.Errorf("see what the transaction sees: %w", err)
		}
		if _, err := tx.Exec(ctx, `SET LOCAL lock_timeout = '2s'`); err != nil {
			return fmt.Errorf("bound the wait for a lock: %w", err)
		}
		if err := plainTexts(ctx, tx); err != nil {
			return err
		}
		all, err = digestsOf(ctx, tx, from)
		return err
	})
	return all, err
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
