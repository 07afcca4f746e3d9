package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/audit/evidence"
)

// Head is a signed head as it is kept.
type Head struct {
	Size     int64
	Note     string    // without cosignatures
	SignedAt time.Time // the signer's word
}

// Cosignature is a signature of a witness for a head.
type Cosignature struct {
	Size int64
	Line string    // of the note, ended by LF
	At   time.Time // the witness's word
}

// ErrNoHead means that no head was made yet.
var ErrNoHead = errors.New("there is no head yet")

// AddHead keeps a signed head, if its leaves are kept, none of its size is there and the
// first one has the same origin. added is false otherwise: another signer was faster, or
// has another origin. signed_at never goes back.
func (t Tree) AddHead(ctx context.Context, size int64, note string, signedAt time.Time) (added bool, err error) {
	parsed, err := evidence.ParseNote(note)
	if err != nil {
		return false, fmt.Errorf("keep a head: %w", err)
	}
	tag, err := t.db.Exec(ctx, `INSERT INTO evidence.head (size, note, signed_at)
		SELECT $1, $2, greatest($3, (SELECT max(signed_at) FROM evidence.head WHERE size = (SELECT max(size) FROM evidence.head)))
		WHERE EXISTS (SELECT FROM evidence.tree WHERE size >= $1)
		AND coalesce((SELECT starts_with(note, $4) FROM evidence.head ORDER BY size LIMIT 1), true)
		AND coalesce((SELECT max(size) FROM evidence.head), 0) < $1
		ON CONFLICT DO NOTHING`, size, note, signedAt, parsed.Origin+"\n")
	if err != nil {
		return false, fmt.Errorf("keep a head: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

const headColumns = `size, note, signed_at`

// NewestHead returns the largest head. Errors: ErrNoHead.
func (t Tree) NewestHead(ctx context.Context) (Head, error) {
	return t.oneHead(ctx, `SELECT `+headColumns+` FROM evidence.head ORDER BY size DESC LIMIT 1`)
}

// FirstHead returns the smallest head, which fixes the origin. Errors: ErrNoHead.
func (t Tree) FirstHead(ctx context.Context) (Head, error) {
	return t.oneHead(ctx, `SELECT `+headColumns+` FROM evidence.head ORDER BY size LIMIT 1`)
}

// HeadCovering returns the smallest head that covers the leaf at an index. Errors: ErrNoHead.
func (t Tree) HeadCovering(ctx context.Context, index int64) (Head, error) {
	return t.oneHead(ctx, `SELECT `+headColumns+` FROM evidence.head WHERE size > $1 ORDER BY size LIMIT 1`, index)
}

// HasHead reports whether there is a head of from ≤ size < below.
func (t Tree) HasHead(ctx context.Context, from, below int64) (is bool, err error) {
	if err := t.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM evidence.head WHERE size >= $1 AND size < $2)`, from, below).Scan(&is); err != nil {
		return false, fmt.Errorf("look for a head: %w", err)
	}
	return is, nil
}

func (t Tree) oneHead(ctx context.Context, sql string, args ...any) (Head, error) {
	heads, err := t.heads(ctx, sql, args...)
	if err != nil {
		return Head{}, err
	}
	if len(heads) == 0 {
		return Head{}, ErrNoHead
	}
	return heads[0], nil
}

// Heads returns at most limit heads larger than after, by size. limit 0: all.
func (t Tree) Heads(ctx context.Context, after int64, limit int) ([]Head, error) {
	if limit == 0 {
		limit = math.MaxInt32
	}
	return t.heads(ctx, `SELECT `+headColumns+` FROM evidence.head WHERE size > $1 ORDER BY size LIMIT $2`, after, limit)
}

func (t Tree) heads(ctx context.Context, sql string, args ...any) ([]Head, error) {
	rows, err := t.db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Head])
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", err)
	}
	return all, nil
}

// AddCosignature keeps a signature of a witness. The same one again changes nothing.
func (t Tree) AddCosignature(ctx context.Context, c Cosignature) error {
	if _, err := t.db.Exec(ctx, `INSERT INTO evidence.cosignature (size, note_line, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, c.Size, c.Line, c.At); err != nil {
		return fmt.Errorf("keep a cosignature: %w", err)
	}
	return nil
}

// Cosignatures returns those of the heads of from ≤ size < below, by size and time.
func (t Tree) Cosignatures(ctx context.Context, from, below int64) ([]Cosignature, error) {
	rows, err := t.db.Query(ctx, `SELECT size, note_line, at FROM evidence.cosignature WHERE size >= $1 AND size < $2 ORDER BY size, at`, from, below)
	if err != nil {
		return nil, fmt.Errorf("read cosignatures: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Cosignature])
	if err != nil {
		return nil, fmt.Errorf("read cosignatures: %w", err)
	}
	return all, nil
}

// LastCosigned returns the size of the largest head with a cosignature; 0: none.
func (t Tree) LastCosigned(ctx context.Context) (size int64, err error) {
	if err := t.db.QueryRow(ctx, `SELECT coalesce(max(size), 0) FROM evidence.cosignature`).Scan(&size); err != nil {
		return 0, fmt.Errorf("read the last cosignature: %w", err)
	}
	return size, nil
}

// maxLines is how many cosignatures of a head are shown: a head that stays the newest for
// days is cosigned every hour, and a note has at most 100 lines.
const maxLines = 8

// Signed returns the note of a head with the first cosignatures of it.
func (t Tree) Signed(ctx context.Context, head Head) (string, error) {
	all, err := t.Cosignatures(ctx, head.Size, head.Size+1)
	if err != nil {
		return "", err
	}
	var lines []string
	for _, c := range all[:min(len(all), maxLines)] {
		lines = append(lines, c.Line)
	}
	return evidence.WithLines(head.Note, lines...), nil
}
