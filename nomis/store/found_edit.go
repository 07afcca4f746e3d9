package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// FoundEdit is a change that a comparison found in NOMIS while its changes were not allowed.
// No fact tells it.
type FoundEdit struct {
	ID   int64
	Pair domain.Pair
	At   time.Time // when it was found
}

// FoundEdits returns at most so many of the found edits that are not counted yet, the oldest
// first.
func (s *Store) FoundEdits(ctx context.Context, most int) ([]FoundEdit, error) {
	rows, err := s.pool.Query(ctx, `SELECT id, pair, found_at FROM nomis.found_edit ORDER BY id LIMIT $1`, most)
	if err != nil {
		return nil, fmt.Errorf("read the edits that were found: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (FoundEdit, error) {
		var f FoundEdit
		var pair string
		if err := row.Scan(&f.ID, &pair, &f.At); err != nil {
			return f, err
		}
		var err error
		f.Pair, err = domain.ParsePair(pair)
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the edits that were found: %w", err)
	}
	return all, nil
}

// queueFoundEdit queues a found edit when a finding says that NOMIS's staff changed what they
// may not, and no living difference of the pair says the same already. That may be one of a
// fact, which is counted as a fact.
func queueFoundEdit(batch *pgx.Batch, pair domain.Pair, now time.Time, f Finding, living []Difference) {
	if f.Cause != CauseEditAfterSwitch || slices.ContainsFunc(living, f.isSameEdit) {
		return
	}
	batch.Queue(`INSERT INTO nomis.found_edit (pair, found_at) VALUES ($1, $2)`, pair.String(), now)
}

// isSameEdit reports whether a difference is of the same edit. A record that only NOMIS has
// may be known by its sequence or without it.
func (f Finding) isSameEdit(d Difference) bool {
	return d.Cause == CauseEditAfterSwitch && d.NonAssociationID == f.NonAssociationID && sameDetail(d.Theirs, f.Theirs)
}

// Repairers returns the names of those who repaired differences of pairs, by pair.
func (s *Store) Repairers(ctx context.Context, pairs []domain.Pair) (map[domain.Pair][]string, error) {
	names := make([]string, len(pairs))
	for i, pair := range pairs {
		names[i] = pair.String()
	}
	rows, err := s.pool.Query(ctx, `SELECT DISTINCT pair, decided_by FROM nomis.difference
		WHERE pair = ANY($1::text[]) AND decided_by IS NOT NULL AND state IN ('OPEN', 'REPAIRED')`, names)
	if err != nil {
		return nil, fmt.Errorf("read who repaired differences: %w", err)
	}
	all := map[domain.Pair][]string{}
	var pair, by string
	_, err = pgx.ForEachRow(rows, []any{&pair, &by}, func() error {
		parsed, err := domain.ParsePair(pair)
		all[parsed] = append(all[parsed], by)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read who repaired differences: %w", err)
	}
	return all, nil
}
