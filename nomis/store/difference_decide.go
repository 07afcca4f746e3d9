package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// Decision is what a person decided about a difference.
type Decision struct {
	By     string // user name
	Reason string
	Until  string // a day; "" for no end
}

// Accept leaves an open difference as it is, for as long as both sides are what they
// are, and returns it. version is the one that the person saw. Errors: ErrNoDifference,
// ErrStale, and faults.
func (s *Store) Accept(ctx context.Context, id uuid.UUID, version int, decided Decision) (Difference, error) {
	tag, err := s.pool.Exec(ctx, `UPDATE nomis.difference SET state = 'ACCEPTED', version = version + 1, decided_by = $3, reason = $4,
			until = nullif($5, '')::date
		WHERE id = $1 AND version = $2 AND state = 'OPEN'`, id, version, decided.By, decided.Reason, decided.Until)
	if err != nil {
		return Difference{}, fmt.Errorf("accept a difference: %w", err)
	}
	d, err := s.Difference(ctx, id)
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrStale
	}
	return d, err
}

// Repairing notes the person who repairs a difference, and returns it. The difference
// stays living until a comparison finds it gone. Errors: ErrNoDifference, ErrStale, and
// faults.
func (s *Store) Repairing(ctx context.Context, id uuid.UUID, version int, decided Decision) (Difference, error) {
	tag, err := s.pool.Exec(ctx, `UPDATE nomis.difference SET state = 'OPEN', version = version + 1, decided_by = $3, reason = $4, until = NULL
		WHERE id = $1 AND version = $2 AND state IN ('OPEN', 'ACCEPTED')`, id, version, decided.By, decided.Reason)
	if err != nil {
		return Difference{}, fmt.Errorf("repair a difference: %w", err)
	}
	d, err := s.Difference(ctx, id)
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrStale
	}
	return d, err
}

// Filter selects differences. Zero values select all.
type Filter struct {
	State   State
	Bucket  Bucket
	Problem string
	Cause   string
	Pair    domain.Pair
}

const filterSQL = `WHERE ($1 = '' OR state = $1) AND ($2 = '' OR bucket = $2) AND ($3 = '' OR problem = $3)
	AND ($4 = '' OR cause = $4) AND ($5 = '' OR pair = $5)`

func (f Filter) args() []any {
	pair := ""
	if f.Pair != (domain.Pair{}) {
		pair = f.Pair.String()
	}
	return []any{string(f.State), string(f.Bucket), f.Problem, f.Cause, pair}
}

// Differences returns a page of differences, the oldest first, and how many there are.
func (s *Store) Differences(ctx context.Context, f Filter, offset, most int) (page []Difference, total int, err error) {
	// One snapshot, so that the total is that of the page.
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM nomis.difference `+filterSQL, f.args()...).Scan(&total); err != nil {
			return fmt.Errorf("count differences: %w", err)
		}
		page, err = differences(ctx, tx, filterSQL+` ORDER BY first_seen, id LIMIT $6 OFFSET $7`, append(f.args(), most, offset)...)
		return err
	})
	return page, total, err
}

// BucketCount is how many open differences a bucket has.
type BucketCount struct {
	Bucket Bucket
	Count  int
}

// OpenByBucket counts the open differences, for a metric.
func (s *Store) OpenByBucket(ctx context.Context) ([]BucketCount, error) {
	rows, err := s.pool.Query(ctx, `SELECT bucket, count(*) FROM nomis.difference WHERE state = 'OPEN' GROUP BY bucket ORDER BY bucket`)
	if err != nil {
		return nil, fmt.Errorf("count differences: %w", err)
	}
	counts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[BucketCount])
	return counts, errors.Join(err)
}

// PairsBesideAnother returns the pairs of which NOMIS holds an open record that does not
// count beside another one here.
func (s *Store) PairsBesideAnother(ctx context.Context) ([]domain.Pair, error) {
	rows, err := s.pool.Query(ctx, `SELECT DISTINCT pair FROM nomis.difference
		WHERE state IN ('OPEN', 'ACCEPTED') AND bucket = 'ignored' ORDER BY pair`)
	if err != nil {
		return nil, fmt.Errorf("read the pairs with several open records: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read the pairs with several open records: %w", err)
	}
	pairs := make([]domain.Pair, len(names))
	for i, name := range names {
		if pairs[i], err = domain.ParsePair(name); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}
