package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// CallerDay is how often a client called the legacy list on a day.
type CallerDay struct {
	ClientID string
	Day      string // in London, as in 2026-12-01
	Calls    int64
	NotFound int64 // of the calls: those that were answered 404
	First    time.Time
	Last     time.Time
}

// Caller is a client that called the legacy list.
type Caller struct {
	ClientID  string
	FirstCall time.Time
	LastCall  time.Time
	Recent    int64 // calls on the days that were asked for
	NotFound  int64 // calls of all days that were answered 404
}

// AddCalls adds calls to those that are stored, all or none. A client and a day must
// occur once, and the order must be the same for all callers: rows are locked in it.
func (s *Store) AddCalls(ctx context.Context, days ...CallerDay) error {
	batch := &pgx.Batch{}
	for _, d := range days {
		batch.Queue(`INSERT INTO nomis.legacy_caller AS c (client_id, day, calls, not_found, first_call, last_call)
			VALUES ($1, $2::text::date, $3, $4, $5, $6)
			ON CONFLICT (client_id, day) DO UPDATE SET calls = c.calls + excluded.calls, not_found = c.not_found + excluded.not_found,
				first_call = least(c.first_call, excluded.first_call), last_call = greatest(c.last_call, excluded.last_call)`,
			d.ClientID, d.Day, d.Calls, d.NotFound, d.First, d.Last)
	}
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("count the callers of the legacy list: %w", err)
	}
	return nil
}

// Callers returns every client, the one that called last first. Recent counts from the
// day since on.
func (s *Store) Callers(ctx context.Context, since string) ([]Caller, error) {
	rows, err := s.pool.Query(ctx, `SELECT client_id, min(first_call), max(last_call),
			coalesce(sum(calls) FILTER (WHERE day >= $1::text::date), 0)::bigint, sum(not_found)::bigint
		FROM nomis.legacy_caller GROUP BY client_id ORDER BY max(last_call) DESC, client_id`, since)
	if err != nil {
		return nil, fmt.Errorf("list the callers of the legacy list: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Caller])
	if err != nil {
		return nil, fmt.Errorf("list the callers of the legacy list: %w", err)
	}
	return all, nil
}
