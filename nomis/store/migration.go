package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"nonassociations/domain"
)

// Errors of runs of the migration.
var (
	ErrMigrationAtWork = errors.New("another migration is at work")
	ErrNoMigration     = errors.New("there is no such migration")
)

// MigrationStatus is where a run stands. The values are stored and part of the API: never
// change one.
type MigrationStatus string

// The statuses. A run is at work in the first two.
const (
	MigrationStarted         MigrationStatus = "STARTED"
	MigrationCancelRequested MigrationStatus = "CANCELLED_REQUESTED"
	MigrationCompleted       MigrationStatus = "COMPLETED"
	MigrationCancelled       MigrationStatus = "CANCELLED"
)

// MigrationFilter selects the pairs of a run, by at most one of its fields. The zero
// filter selects all that NOMIS lists.
type MigrationFilter struct {
	PrisonerNumbers []domain.PrisonerNumber    `json:"prisonerNumbers,omitempty"`
	Pairs           [][2]domain.PrisonerNumber `json:"pairs,omitempty"`
	FailedOf        uuid.UUID                  `json:"failedOf,omitzero"` // an earlier run
	Sample          *Sample                    `json:"sample,omitempty"`
}

// Sample is a number of pairs that a seed chooses. The same seed chooses the same pairs
// of the same list, in any order of that.
type Sample struct {
	Size int   `json:"size"`
	Seed int64 `json:"seed"`
}

// String returns the filter as JSON.
func (f MigrationFilter) String() string { return encoded(f) }

// Migration is a run of the migration. The counts are as of one moment.
type Migration struct {
	ID          uuid.UUID
	Label       string // its start in London to the second
	Status      MigrationStatus
	DryRun      bool
	Filter      MigrationFilter
	RequestedBy string // user name
	Started     time.Time
	Ended       time.Time // zero while it is at work
	Estimated   int       // pairs; 0 until NOMIS has said how many
	Sweeps      int       // whole ones
	Listed      bool      // all pairs of the run are known
	Requests    int64     // to NOMIS
	Counts      MigrationCounts
}

// IsAtWork reports whether the run has not ended.
func (m Migration) IsAtWork() bool { return m.Ended.IsZero() }

// StartMigration stores a run that begins, without its counts. Errors:
// ErrMigrationAtWork, and faults.
func (s *Store) StartMigration(ctx context.Context, m Migration) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO nomis.migration (id, label, status, dry_run, filter, requested_by, started_at, estimated)
		VALUES ($1, $2, 'STARTED', $3, $4::text::jsonb, $5, $6, $7)`,
		m.ID, m.Label, m.DryRun, m.Filter.String(), m.RequestedBy, m.Started, m.Estimated)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.ConstraintName == "migration_at_work" {
		return ErrMigrationAtWork
	}
	if err != nil {
		return fmt.Errorf("start a migration: %w", err)
	}
	return nil
}

// CancelMigration asks a run to end. One that has ended stays as it is. Errors:
// ErrNoMigration, and faults.
func (s *Store) CancelMigration(ctx context.Context, id uuid.UUID) error {
	tag, err := s.pool.Exec(ctx, `UPDATE nomis.migration SET status = CASE status WHEN 'STARTED' THEN 'CANCELLED_REQUESTED' ELSE status END
		WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("cancel a migration: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNoMigration
	}
	return nil
}

const migrationColumns = `id, label, status, dry_run, filter, requested_by, started_at, ended_at, estimated, sweeps, listed, requests, ` + countColumns

// migrationFrom joins a run with the counts of its rows.
const migrationFrom = ` FROM nomis.migration m CROSS JOIN LATERAL (` + countSQL + `) c `

// scanMigration reads a row with the columns above.
func scanMigration(row pgx.CollectableRow) (Migration, error) {
	var m Migration
	var filter string
	var ended *time.Time
	into := append([]any{
		&m.ID, &m.Label, &m.Status, &m.DryRun, &filter, &m.RequestedBy, &m.Started, &ended, &m.Estimated, &m.Sweeps, &m.Listed, &m.Requests,
	}, m.Counts.into()...)
	if err := row.Scan(into...); err != nil {
		return m, err
	}
	if ended != nil {
		m.Ended = *ended
	}
	return m, json.Unmarshal([]byte(filter), &m.Filter)
}

// migrations reads runs.
func (s *Store) migrations(ctx context.Context, where string, args ...any) ([]Migration, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+migrationColumns+migrationFrom+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanMigration)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return all, nil
}

// Migration returns a run. Errors: ErrNoMigration, and faults.
func (s *Store) Migration(ctx context.Context, id uuid.UUID) (Migration, error) {
	return oneOf(s.migrations(ctx, `WHERE id = $1`, id))
}

// ActiveMigration returns the run that is at work. Errors: ErrNoMigration when none is,
// and faults.
func (s *Store) ActiveMigration(ctx context.Context) (Migration, error) {
	return oneOf(s.migrations(ctx, `WHERE ended_at IS NULL`))
}

// LastMigration returns the run that began last. Errors: ErrNoMigration when there was
// none, and faults.
func (s *Store) LastMigration(ctx context.Context) (Migration, error) {
	return oneOf(s.migrations(ctx, `ORDER BY started_at DESC, id LIMIT 1`))
}

func oneOf(all []Migration, err error) (Migration, error) {
	if err == nil && len(all) == 0 {
		err = ErrNoMigration
	}
	if err != nil {
		return Migration{}, err
	}
	return all[0], nil
}

// Migrations returns the runs that began from one time to another, both included, the
// newest first. Zero times are no bounds.
func (s *Store) Migrations(ctx context.Context, from, to time.Time) ([]Migration, error) {
	return s.migrations(ctx, `WHERE ($1::timestamptz IS NULL OR started_at >= $1) AND ($2::timestamptz IS NULL OR started_at <= $2)
		ORDER BY started_at DESC, id`, orNull(from), orNull(to))
}

// orNull returns nil for the zero time.
func orNull(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// IsPart reports whether the filter selects some of the pairs that NOMIS lists.
func (f MigrationFilter) IsPart() bool {
	return len(f.PrisonerNumbers) > 0 || len(f.Pairs) > 0 || f.FailedOf != uuid.Nil || f.Sample != nil
}

// Estimate returns how many pairs a run has of those that NOMIS lists, at most.
func (f MigrationFilter) Estimate(listed int) int {
	if f.Sample != nil {
		return min(f.Sample.Size, listed)
	}
	return listed
}
