package migration

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
)

type (
	// Run is a run with its counts.
	Run = store.Migration
	// Filter selects the pairs of a run.
	Filter = store.MigrationFilter
	// Sample is a number of pairs that a seed chooses.
	Sample = store.Sample
	// Failure is a pair that failed or cannot be read.
	Failure = store.MigrationPair
	// CauseCount is a cause of failures and how many pairs have it.
	CauseCount = store.CauseCount
)

// Completed is the status of a run whose pairs all have an outcome.
const Completed = store.MigrationCompleted

// Errors of Runs.
var (
	ErrAtWork = store.ErrMigrationAtWork // one run at a time
	ErrNoRun  = store.ErrNoMigration
)

// Runs are the runs as operators see them. It is safe for concurrent use, by many
// processes as well.
type Runs struct {
	Store *store.Store
	// NOMIS says how many pairs there are. Nil: it is not known until the run is at work.
	NOMIS  *npa.Client
	Clock  func() time.Time // in Europe/London
	NewID  func() uuid.UUID // nil: random ids
	Logger *slog.Logger
}

// Order is what is asked for.
type Order struct {
	Filter Filter // has at most one field
	DryRun bool
	By     string // user name
}

// countTime bounds how long Start waits for NOMIS.
const countTime = 3 * time.Second

// Start requests a run, which a Runner carries out. Its estimate is 0 when NOMIS does not
// answer now. Errors: ErrAtWork, ErrNoRun when FailedOf names none, and faults of
// Postgres.
func (r *Runs) Start(ctx context.Context, order Order) (Run, error) {
	now := r.Clock()
	newID := r.NewID
	if newID == nil {
		newID = uuid.New
	}
	run := Run{
		ID: newID(), Label: string(domain.Local(now)), Status: store.MigrationStarted, DryRun: order.DryRun,
		Filter: order.Filter, RequestedBy: order.By, Started: now,
	}
	switch of := order.Filter; {
	case len(of.Pairs) > 0:
		run.Estimated = len(of.Pairs)
	case of.FailedOf != uuid.Nil:
		earlier, err := r.Store.Migration(ctx, of.FailedOf)
		if err != nil {
			return Run{}, err
		}
		run.Estimated = earlier.Counts.Lost()
	default:
		run.Estimated = of.Estimate(r.count(ctx))
	}
	return run, r.Store.StartMigration(ctx, run)
}

// count asks NOMIS how many pairs it lists. It returns 0 when it does not answer.
func (r *Runs) count(ctx context.Context) int {
	if r.NOMIS == nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	page, err := r.NOMIS.IDs(ctx, 0, 1)
	if err != nil {
		r.Logger.WarnContext(ctx, "how many pairs NOMIS has is not known: the migration waits for NOMIS", "error", err)
	}
	return page.Total
}

// Cancel asks a run to end. It takes no new pairs from then on and keeps what is done. One
// that has ended stays as it is. Errors: ErrNoRun, and faults.
func (r *Runs) Cancel(ctx context.Context, id uuid.UUID) error {
	return r.Store.CancelMigration(ctx, id)
}

// Get returns a run. Errors: ErrNoRun, and faults.
func (r *Runs) Get(ctx context.Context, id uuid.UUID) (Run, error) { return r.Store.Migration(ctx, id) }

// Active returns the run that is at work. Errors: ErrNoRun when none is, and faults.
func (r *Runs) Active(ctx context.Context) (Run, error) { return r.Store.ActiveMigration(ctx) }

// Last returns the run that began last. Errors: ErrNoRun, and faults.
func (r *Runs) Last(ctx context.Context) (Run, error) { return r.Store.LastMigration(ctx) }

// All returns the runs that began from one time to another, both included, the newest
// first. Zero times are no bounds.
func (r *Runs) All(ctx context.Context, from, to time.Time) ([]Run, error) {
	return r.Store.Migrations(ctx, from, to)
}

// Failures returns a page of the pairs that failed or could not be read, of one cause
// unless that is "", and how many there are. Errors: ErrNoRun, and faults.
func (r *Runs) Failures(ctx context.Context, id uuid.UUID, cause string, offset, most int) ([]Failure, int, error) {
	return r.Store.MigrationFailures(ctx, id, cause, offset, most)
}

// Causes counts the failures of a run by their cause.
func (r *Runs) Causes(ctx context.Context, id uuid.UUID) ([]CauseCount, error) {
	return r.Store.MigrationCauses(ctx, id)
}
