package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ListedPair is a pair as NOMIS lists it, the lower text first. The texts need not be
// prisoner numbers.
type ListedPair [2]string

// MigrationPair is a pair of a run with its outcome. Cause and Why are those of one that
// failed or cannot be read, else empty. Why may have words of NOMIS.
type MigrationPair struct {
	Pair    ListedPair
	Outcome PairOutcome // "" while it has none
	Cause   string
	Why     string
	Items   ItemCounts
}

// AddMigrationPairs adds pairs to a run that has not ended, and returns those that it did
// not have. A pair may be given twice.
func (s *Store) AddMigrationPairs(ctx context.Context, id uuid.UUID, pairs []ListedPair) ([]ListedPair, error) {
	ones, others := make([]string, len(pairs)), make([]string, len(pairs))
	for i, pair := range pairs {
		ones[i], others[i] = pair[0], pair[1]
	}
	return s.listedPairs(ctx, `INSERT INTO nomis.migration_pair (migration_id, one, other)
		SELECT DISTINCT $1::uuid, one, other FROM unnest($2::text[], $3::text[]) listed(one, other)
		ON CONFLICT DO NOTHING RETURNING one, other`, id, ones, others)
}

// AddFailures adds to a run the pairs that failed or could not be read in another.
func (s *Store) AddFailures(ctx context.Context, id, of uuid.UUID) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO nomis.migration_pair (migration_id, one, other)
		SELECT $1, one, other FROM nomis.migration_pair WHERE migration_id = $2 AND cause IS NOT NULL ON CONFLICT DO NOTHING`, id, of)
	if err != nil {
		return fmt.Errorf("add the failures of a migration: %w", err)
	}
	return nil
}

// sampleSQL orders the pairs of the run $1 by chance, as the seed $2 decides.
const sampleSQL = `SELECT one, other FROM nomis.migration_pair WHERE migration_id = $1
	ORDER BY md5($2::bigint || ' ' || one || ' ' || other), one, other LIMIT $3`

// KeepSample leaves a run with the pairs of a sample. Repeating changes nothing.
func (s *Store) KeepSample(ctx context.Context, id uuid.UUID, sample Sample) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM nomis.migration_pair WHERE migration_id = $1 AND outcome IS NULL
		AND (one, other) NOT IN (`+sampleSQL+`)`, id, sample.Seed, sample.Size)
	if err != nil {
		return fmt.Errorf("choose the sample of a migration: %w", err)
	}
	return nil
}

// MigrationSample returns a sample of the pairs of a run, in the order of the pairs.
func (s *Store) MigrationSample(ctx context.Context, id uuid.UUID, sample Sample) ([]ListedPair, error) {
	return s.listedPairs(ctx, `SELECT one, other FROM (`+sampleSQL+`) chosen ORDER BY one, other`, id, sample.Seed, sample.Size)
}

// PendingPairs returns up to most pairs of a run without an outcome, in their order after
// one. The zero pair is before all.
func (s *Store) PendingPairs(ctx context.Context, id uuid.UUID, after ListedPair, most int) ([]ListedPair, error) {
	return s.listedPairs(ctx, `SELECT one, other FROM nomis.migration_pair
		WHERE migration_id = $1 AND outcome IS NULL AND (one, other) > ($2, $3) ORDER BY one, other LIMIT $4`, id, after[0], after[1], most)
}

// listedPairs reads two columns of texts.
func (s *Store) listedPairs(ctx context.Context, sql string, args ...any) ([]ListedPair, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("the pairs of a migration: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (pair ListedPair, err error) {
		return pair, row.Scan(&pair[0], &pair[1])
	})
	if err != nil {
		return nil, fmt.Errorf("the pairs of a migration: %w", err)
	}
	return all, nil
}

// SettlePair keeps the outcome of a pair. One that has an outcome keeps it.
func (s *Store) SettlePair(ctx context.Context, id uuid.UUID, p MigrationPair) error {
	_, err := s.pool.Exec(ctx, `UPDATE nomis.migration_pair SET outcome = $4, cause = nullif($5, ''), why = nullif($6, ''),
			created = $7, amended = $8, unchanged = $9, ignored = $10
		WHERE migration_id = $1 AND one = $2 AND other = $3 AND outcome IS NULL`,
		id, p.Pair[0], p.Pair[1], string(p.Outcome), p.Cause, p.Why, p.Items.Created, p.Items.Amended, p.Items.Unchanged, p.Items.Ignored)
	if err != nil {
		return fmt.Errorf("keep the outcome of a pair: %w", err)
	}
	return nil
}

const failureSQL = `FROM nomis.migration_pair WHERE migration_id = $1 AND cause IS NOT NULL AND ($2 = '' OR cause = $2)`

// MigrationFailures returns a page of the pairs that failed or could not be read, by
// cause and pair, of one cause unless that is "", and how many there are. Errors:
// ErrNoMigration, and faults.
func (s *Store) MigrationFailures(ctx context.Context, id uuid.UUID, cause string, offset, most int) (page []MigrationPair, total int, err error) {
	// One snapshot, so that the total is that of the page.
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var is bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM nomis.migration WHERE id = $1)`, id).Scan(&is); err != nil {
			return err
		}
		if !is {
			return ErrNoMigration
		}
		if err := tx.QueryRow(ctx, `SELECT count(*) `+failureSQL, id, cause).Scan(&total); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT one, other, outcome, cause, why `+failureSQL+` ORDER BY cause, one, other LIMIT $3 OFFSET $4`,
			id, cause, most, offset)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p MigrationPair, err error) {
			return p, row.Scan(&p.Pair[0], &p.Pair[1], &p.Outcome, &p.Cause, &p.Why)
		})
		return err
	})
	if err != nil && !errors.Is(err, ErrNoMigration) {
		err = fmt.Errorf("read the failures of a migration: %w", err)
	}
	return page, total, err
}
