package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// ErrAnotherWorks means that another process carries the same run out. What was to be
// kept was not.
var ErrAnotherWorks = errors.New("another process works on the same reconciliation")

// BeginReconciliation notes when a run began, and the position of the last fact at that
// time. One that has begun before stays as it is. It returns the run.
func (s *Store) BeginReconciliation(ctx context.Context, id uuid.UUID, now time.Time, position uint64) (Run, error) {
	_, err := s.pool.Exec(ctx, `UPDATE nomis.reconciliation SET started_at = $2, position = $3 WHERE id = $1 AND started_at IS NULL`,
		id, now, position)
	if err != nil {
		return Run{}, fmt.Errorf("begin a reconciliation: %w", err)
	}
	return s.Reconciliation(ctx, id)
}

// addPairsSQL counts the pairs that are new to the run. One of which a message came since
// a time does not count: NOMIS changes while its pairs are listed.
const addPairsSQL = `
WITH added AS (
    INSERT INTO nomis.reconciliation_pair AS p (run, pair, there) SELECT $1, pair, $3 FROM unnest($2::text[]) pair ORDER BY pair
    ON CONFLICT (run, pair) DO UPDATE SET there = p.there OR excluded.there
    RETURNING p.pair, xmax = 0 AS is_new)
SELECT count(*) FROM added WHERE is_new
    AND NOT EXISTS (SELECT FROM nomis.touched_pair t WHERE t.pair = added.pair AND t.at >= $4)`

// AddPairs adds pairs to a run, each once, and returns how many were new and were not
// touched since the run began. there says that NOMIS lists them.
func (s *Store) AddPairs(ctx context.Context, run uuid.UUID, since time.Time, there bool, pairs []domain.Pair) (fresh int, err error) {
	if len(pairs) == 0 {
		return 0, nil
	}
	unique := map[domain.Pair]bool{} // Postgres takes no row twice in a statement
	for _, pair := range pairs {
		unique[pair] = true
	}
	pairs = pairs[:0:0]
	for pair := range unique {
		pairs = append(pairs, pair)
	}
	if err := s.pool.QueryRow(ctx, addPairsSQL, run, texts(pairs), there, since).Scan(&fresh); err != nil {
		return 0, fmt.Errorf("add pairs to a reconciliation: %w", err)
	}
	return fresh, nil
}

// CountPairs returns how many pairs a run has.
func (s *Store) CountPairs(ctx context.Context, run uuid.UUID) (count int, err error) {
	err = s.pool.QueryRow(ctx, `SELECT count(*) FROM nomis.reconciliation_pair WHERE run = $1`, run).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("count the pairs of a reconciliation: %w", err)
	}
	return count, nil
}

// PairsLeft returns up to most pairs of a run that are not done and come after a pair, in
// sorted order. All come after the zero pair.
func (s *Store) PairsLeft(ctx context.Context, run uuid.UUID, after domain.Pair, most int) ([]domain.Pair, error) {
	from := ""
	if after != (domain.Pair{}) {
		from = after.String()
	}
	rows, err := s.pool.Query(ctx, `SELECT pair FROM nomis.reconciliation_pair WHERE run = $1 AND NOT done AND pair > $2 ORDER BY pair LIMIT $3`,
		run, from, most)
	if err != nil {
		return nil, fmt.Errorf("read the pairs of a reconciliation: %w", err)
	}
	pairs, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (domain.Pair, error) {
		var text string
		if err := row.Scan(&text); err != nil {
			return domain.Pair{}, err
		}
		return domain.ParsePair(text)
	})
	if err != nil {
		return nil, fmt.Errorf("read the pairs of a reconciliation: %w", err)
	}
	return pairs, nil
}

// Progress is what a run did since it was kept last.
type Progress struct {
	Pairs    []domain.Pair // that are done
	Counts   Counts        // of these
	Listed   bool          // all pairs of the run are known now
	Requests int64
	Seconds  float64
}

// KeepProgress adds what a run did. It is one transaction, and each pair is counted once:
// a process that is killed before it compares the pairs again. Errors: ErrAnotherWorks,
// and faults.
func (s *Store) KeepProgress(ctx context.Context, run uuid.UUID, p Progress) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var text string
		var counts Counts
		err := tx.QueryRow(ctx, `SELECT counts FROM nomis.reconciliation WHERE id = $1 AND status = 'RUNNING' FOR UPDATE`, run).Scan(&text)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrAnotherWorks // and has ended it
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &counts); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `UPDATE nomis.reconciliation_pair SET done = true WHERE run = $1 AND pair = ANY($2) AND NOT done`, run, texts(p.Pairs))
		if err != nil {
			return err
		}
		if tag.RowsAffected() != int64(len(p.Pairs)) {
			return ErrAnotherWorks
		}
		counts.Add(p.Counts)
		_, err = tx.Exec(ctx, `UPDATE nomis.reconciliation SET counts = $2, requests = requests + $3, seconds = seconds + $4, listed = listed OR $5
			WHERE id = $1`, run, encoded(counts), p.Requests, p.Seconds, p.Listed)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the progress of a reconciliation: %w", err)
	}
	return nil
}

// EndReconciliation ends a run, completed when failure is "". After a completed run of
// ALL or TOUCHED what no later run asks for is removed.
func (s *Store) EndReconciliation(ctx context.Context, run Run, now time.Time, failure string) error {
	status := Completed
	if failure != "" {
		status = Failed
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE nomis.reconciliation SET status = $2, ended_at = $3, failure = nullif($4, '')
			WHERE id = $1 AND status = 'RUNNING'`, run.ID, string(status), now, failure)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM nomis.reconciliation_pair WHERE run = $1`, run.ID); err != nil {
			return err
		}
		if status != Completed || run.Scope == ScopePairs {
			return nil
		}
		_, err = tx.Exec(ctx, `DELETE FROM nomis.touched_pair WHERE at < $1`, run.StartedAt)
		return err
	})
	if err != nil {
		return fmt.Errorf("end a reconciliation: %w", err)
	}
	return nil
}

// TouchedPairs adds to a run the pairs of which a message of NOMIS came since a time.
func (s *Store) TouchedPairs(ctx context.Context, run uuid.UUID, since time.Time) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO nomis.reconciliation_pair (run, pair, there) SELECT $1, pair, false FROM nomis.touched_pair
		WHERE at >= $2 ON CONFLICT DO NOTHING`, run, since)
	if err != nil {
		return fmt.Errorf("add the touched pairs to a reconciliation: %w", err)
	}
	return nil
}
