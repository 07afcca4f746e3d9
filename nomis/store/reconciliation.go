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

// ErrNoReconciliation means that there is no such run.
var ErrNoReconciliation = errors.New("there is no such reconciliation")

// Scope is which pairs a run compares. The values are stored and part of the API: never
// change one.
type Scope string

// The scopes.
const (
	ScopeAll     Scope = "ALL"     // of both systems
	ScopeTouched Scope = "TOUCHED" // that either side changed since the last run of ALL or TOUCHED began
	ScopePairs   Scope = "PAIRS"   // that were named
)

// Status is where a run stands. The values are stored and part of the API: never change
// one.
type Status string

// The statuses. A run that is requested is running, also before a process begins it.
const (
	Running   Status = "RUNNING"
	Completed Status = "COMPLETED"
	Failed    Status = "FAILED"
)

// Run is one reconciliation, from its request on.
type Run struct {
	ID             uuid.UUID
	Scope          Scope
	AllowUnchecked bool // an unchecked one does not fail the run
	Scheduled      bool // the schedule asked for it, and no person
	RequestedBy    string
	RequestedAt    time.Time
	Status         Status
	StartedAt      time.Time // zero until a process has begun it
	EndedAt        time.Time // zero while it is running
	Position       uint64    // of the last fact when it began
	Listed         bool      // all of its pairs are known
	Counts         Counts    // of the pairs that are done
	Pairs          int       // that are known so far
	Requests       int64     // sent to NOMIS
	Seconds        float64   // of work
	Failure        string    // why it failed; "" otherwise
}

const reconciliationColumns = `id, scope, allow_unchecked, scheduled, requested_by, requested_at, status, started_at, ended_at,
	coalesce(position, 0), listed, counts, requests, seconds, coalesce(failure, ''),
	(SELECT count(*) FROM nomis.reconciliation_pair p WHERE p.run = r.id)`

// scanReconciliation reads a row with the columns above.
func scanReconciliation(row pgx.CollectableRow) (Run, error) {
	var (
		r              Run
		started, ended *time.Time
		counts         string
	)
	err := row.Scan(&r.ID, &r.Scope, &r.AllowUnchecked, &r.Scheduled, &r.RequestedBy, &r.RequestedAt, &r.Status, &started, &ended,
		&r.Position, &r.Listed, &counts, &r.Requests, &r.Seconds, &r.Failure, &r.Pairs)
	if err != nil {
		return r, err
	}
	if started != nil {
		r.StartedAt = *started
	}
	if ended != nil {
		r.EndedAt = *ended
	}
	err = json.Unmarshal([]byte(counts), &r.Counts)
	r.Pairs = max(r.Pairs, r.Counts.Pairs) // the pairs of a run that has ended are removed
	return r, err
}

// RequestReconciliation stores a run for a process to carry out. pairs are those of scope
// PAIRS.
func (s *Store) RequestReconciliation(ctx context.Context, r Run, pairs []domain.Pair) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO nomis.reconciliation (id, scope, allow_unchecked, scheduled, requested_by, requested_at, listed)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			r.ID, string(r.Scope), r.AllowUnchecked, r.Scheduled, r.RequestedBy, r.RequestedAt, r.Scope == ScopePairs)
		if err != nil || len(pairs) == 0 {
			return err
		}
		_, err = tx.Exec(ctx, addPairsSQL, r.ID, texts(pairs), false, r.RequestedAt)
		return err
	})
	if err != nil {
		return fmt.Errorf("request a reconciliation: %w", err)
	}
	return nil
}

// Reconciliation returns one run. Errors: ErrNoReconciliation, and faults.
func (s *Store) Reconciliation(ctx context.Context, id uuid.UUID) (Run, error) {
	return s.oneReconciliation(ctx, `WHERE id = $1`, id)
}

// NextReconciliation returns the run that was requested first of those that have not
// ended. Errors: ErrNoReconciliation when there is none, and faults.
func (s *Store) NextReconciliation(ctx context.Context) (Run, error) {
	return s.oneReconciliation(ctx, `WHERE status = 'RUNNING' ORDER BY number LIMIT 1`)
}

// LastScheduled returns the run that the schedule asked for last. Errors:
// ErrNoReconciliation when it never did, and faults.
func (s *Store) LastScheduled(ctx context.Context) (Run, error) {
	return s.oneReconciliation(ctx, `WHERE scheduled ORDER BY number DESC LIMIT 1`)
}

// LastCompleted returns the last run of ALL or TOUCHED that completed. Errors:
// ErrNoReconciliation when none did, and faults.
func (s *Store) LastCompleted(ctx context.Context) (Run, error) {
	return s.oneReconciliation(ctx, `WHERE status = 'COMPLETED' AND scope IN ('ALL', 'TOUCHED') ORDER BY number DESC LIMIT 1`)
}

func (s *Store) oneReconciliation(ctx context.Context, where string, args ...any) (Run, error) {
	all, err := s.reconciliations(ctx, where, args...)
	if err == nil && len(all) == 0 {
		err = ErrNoReconciliation
	}
	if err != nil {
		return Run{}, err
	}
	return all[0], nil
}

func (s *Store) reconciliations(ctx context.Context, where string, args ...any) ([]Run, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+reconciliationColumns+` FROM nomis.reconciliation r `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read reconciliations: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanReconciliation)
	if err != nil {
		return nil, fmt.Errorf("read reconciliations: %w", err)
	}
	return all, nil
}

// Reconciliations returns a page of the runs, the newest first, and how many there are.
func (s *Store) Reconciliations(ctx context.Context, offset, most int) (page []Run, total int, err error) {
	if err := s.pool.QueryRow(ctx, `SELECT count(*) FROM nomis.reconciliation`).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count reconciliations: %w", err)
	}
	page, err = s.reconciliations(ctx, `ORDER BY number DESC LIMIT $1 OFFSET $2`, most, offset)
	return page, total, err
}
