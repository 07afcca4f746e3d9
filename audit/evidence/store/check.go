package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Refusals is how often the witness refused heads.
type Refusals struct {
	Count int64
	// LastAt and Size are of the last one; zero when there is none.
	LastAt time.Time
	Size   int64
}

// AddRefusal counts a refusal of the witness.
func (t Tree) AddRefusal(ctx context.Context, status int, size int64, at time.Time) error {
	_, err := t.db.Exec(ctx, `INSERT INTO evidence.refusal (status, count, first_at, last_at, size) VALUES ($1, 1, $2, $2, $3)
		ON CONFLICT (status) DO UPDATE SET count = refusal.count + 1, last_at = $2, size = $3`, status, at, size)
	if err != nil {
		return fmt.Errorf("count a refusal of the witness: %w", err)
	}
	return nil
}

// Refusals returns how often the witness refused heads.
func (t Tree) Refusals(ctx context.Context) (r Refusals, err error) {
	var at *time.Time
	err = t.db.QueryRow(ctx, `SELECT coalesce(sum(count), 0), max(last_at), coalesce((SELECT size FROM evidence.refusal ORDER BY last_at DESC LIMIT 1), 0)
		FROM evidence.refusal`).Scan(&r.Count, &at, &r.Size)
	if err != nil {
		return Refusals{}, fmt.Errorf("read the refusals of the witness: %w", err)
	}
	if at != nil {
		r.LastAt = *at
	}
	return r, nil
}

// CheckName is the name of a check of the night. The values are stored: never change one.
type CheckName string

// The checks.
const (
	ReadModelCheck CheckName = "readModel"
	LogCheck       CheckName = "log"
)

// Check is the result of a check.
type Check struct {
	Name     CheckName
	At       time.Time
	OK       bool
	Result   []byte // JSON
	HeadSize *int64 // of the newest head that was good; nil: none was looked at
}

// AddCheck keeps a result. The same check at the same time again changes nothing.
func (t Tree) AddCheck(ctx context.Context, c Check) error {
	_, err := t.db.Exec(ctx, `INSERT INTO evidence."check" ("check", at, ok, result, head_size) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		string(c.Name), c.At, c.OK, string(c.Result), c.HeadSize)
	if err != nil {
		return fmt.Errorf("keep the result of a check: %w", err)
	}
	return nil
}

// LastChecks returns the newest result of each check that was ever made.
func (t Tree) LastChecks(ctx context.Context) ([]Check, error) {
	return t.checks(ctx, `SELECT DISTINCT ON ("check") "check", at, ok, result::text, head_size FROM evidence."check" ORDER BY "check", at DESC`)
}

// LastGood returns the newest good result of a check; found is false when there is none.
func (t Tree) LastGood(ctx context.Context, name CheckName) (c Check, found bool, err error) {
	all, err := t.checks(ctx, `SELECT "check", at, ok, result::text, head_size FROM evidence."check" WHERE "check" = $1 AND ok ORDER BY at DESC LIMIT 1`, string(name))
	if err != nil || len(all) == 0 {
		return Check{}, false, err
	}
	return all[0], true, nil
}

func (t Tree) checks(ctx context.Context, sql string, args ...any) ([]Check, error) {
	rows, err := t.db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read the results of checks: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Check, err error) {
		var result string
		err = row.Scan(&c.Name, &c.At, &c.OK, &result, &c.HeadSize)
		c.Result = []byte(result)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the results of checks: %w", err)
	}
	return all, nil
}
