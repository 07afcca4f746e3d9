package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// SeenPrison is a prison that the directory gave for a prisoner with a live record.
type SeenPrison struct {
	ID   domain.PrisonID
	Name string // "" when the directory gave none; a name that is stored then stays
	Open int    // non-associations that are open and have a prisoner there
}

// KnownPrison is a prison that was seen.
type KnownPrison struct {
	ID        domain.PrisonID
	Name      string // "" when it is not known
	FirstSeen time.Time
	LastSeen  time.Time
	Open      *int // as SeenPrison has it, at the last whole walk; nil when there was none yet
}

const seePrisonSQL = `INSERT INTO nomis.known_prison AS k (prison_id, name, first_seen, last_seen) VALUES ($1, $2, $3, $3)
	ON CONFLICT (prison_id) DO UPDATE SET last_seen = greatest(k.last_seen, excluded.last_seen),
		name = coalesce(nullif(excluded.name, ''), k.name)`

// SeePrisons stores that prisons were seen at a moment, all or none. Counts are not
// stored. The order must be the same for all callers: rows are locked in it.
func (s *Store) SeePrisons(ctx context.Context, now time.Time, prisons ...SeenPrison) error {
	batch := &pgx.Batch{}
	for _, p := range prisons {
		batch.Queue(seePrisonSQL, p.ID, p.Name, now)
	}
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("keep the known prisons: %w", err)
	}
	return nil
}

// CountPrisons stores what a whole walk that began at a moment has counted, all or none.
// A known prison that is not among prisons has no open ones. A walk that began before
// the one that is stored changes no count.
func (s *Store) CountPrisons(ctx context.Context, began time.Time, prisons ...SeenPrison) error {
	batch := &pgx.Batch{}
	ids, open := make([]string, len(prisons)), make([]int, len(prisons))
	for i, p := range prisons {
		batch.Queue(seePrisonSQL, p.ID, p.Name, began)
		ids[i], open[i] = string(p.ID), p.Open
	}
	batch.Queue(`UPDATE nomis.known_prison k SET counted_at = $1, open_non_associations =
			coalesce((SELECT c.open FROM unnest($2::text[], $3::int[]) c(prison_id, open) WHERE c.prison_id = k.prison_id COLLATE "C"), 0)
		WHERE k.counted_at IS NULL OR k.counted_at <= $1`, began, ids, open)
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("keep the counts of the known prisons: %w", err)
	}
	return nil
}

// KnownPrisons returns every prison that was seen, by id.
func (s *Store) KnownPrisons(ctx context.Context) ([]KnownPrison, error) {
	rows, err := s.pool.Query(ctx, `SELECT prison_id, name, first_seen, last_seen, open_non_associations
		FROM nomis.known_prison ORDER BY prison_id`)
	if err != nil {
		return nil, fmt.Errorf("list the known prisons: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[KnownPrison])
	if err != nil {
		return nil, fmt.Errorf("list the known prisons: %w", err)
	}
	return all, nil
}
