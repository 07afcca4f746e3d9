package reconcile

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// What the operations speak of. Package store keeps them.
type (
	// Run is one reconciliation, from its request on.
	Run = store.Run
	// Scope is which pairs a run compares.
	Scope = store.Scope
	// Column counts non-associations here, in NOMIS and of both.
	Column = store.Column
	// Bucket is what a non-association is counted under.
	Bucket = store.Bucket
	// Difference is one non-association that is not in step.
	Difference = store.Difference
	// Filter selects differences.
	Filter = store.Filter
	// State is where a difference stands.
	State = store.State
	// Decision is what a person decided about a difference.
	Decision = store.Decision
	// Step is one thing that brings the two systems together.
	Step = plan.Step
	// Problem is a difference that no step may solve.
	Problem = plan.Problem
)

// Errors of the operations, beside faults. All but ErrUnavailable are final.
var (
	ErrNoRun        = store.ErrNoReconciliation
	ErrNoDifference = store.ErrNoDifference
	ErrStale        = store.ErrStale
	ErrNoPlan       = store.ErrNoPlan
	ErrOtherPlan    = errors.New("the plan is another one by now")
	ErrUnavailable  = errors.New("NOMIS cannot be asked or written now")
)

// ImpossibleError says why what was asked cannot be done, in one sentence for the person
// who asked. It may have NOMIS's words, so it is not for a log.
type ImpossibleError struct{ Why string }

// Error returns the sentence.
func (e ImpossibleError) Error() string { return e.Why }

// OperationsOptions are what Operations depend on.
type OperationsOptions struct {
	Store   *store.Store
	Locks   *store.LockSessions
	API     *npa.API
	Turns   turn.Options // NOMIS is replaced: a person's calls are counted apart
	Clock   func() time.Time
	Pending time.Duration // as in Options
	// Wait waits before a pair is read or asked for again; nil: by the clock of the machine.
	Wait func(ctx context.Context, d time.Duration) error
	// Requested, if set, is called after a run was requested. It must not block.
	Requested func()
}

// Operations are what people do about differences. They are safe for concurrent use.
type Operations struct {
	OperationsOptions
	turns *turn.Turns
}

// NewOperations returns Operations. It connects to nothing.
func NewOperations(options OperationsOptions) *Operations {
	if options.Wait == nil {
		options.Wait = wait
	}
	if options.Requested == nil {
		options.Requested = func() {}
	}
	options.Turns.NOMIS = options.API.For(npa.Operator)
	return &Operations{options, turn.New(options.Turns)}
}

// Request is a run that a person asks for. Pairs are those of scope PAIRS.
type Request struct {
	Scope          Scope
	Pairs          []domain.Pair
	AllowUnchecked bool
	By             string
}

// Request stores a run, which the process that reconciles carries out, and returns its
// id.
func (o *Operations) Request(ctx context.Context, r Request) (uuid.UUID, error) {
	id := uuid.New()
	err := o.Store.RequestReconciliation(ctx, store.Run{
		ID: id, Scope: r.Scope, AllowUnchecked: r.AllowUnchecked, RequestedBy: r.By, RequestedAt: o.Clock(),
	}, r.Pairs)
	if err == nil {
		o.Requested()
	}
	return id, err
}

// Runs returns a page of the runs, the newest first, and how many there are.
func (o *Operations) Runs(ctx context.Context, offset, most int) ([]Run, int, error) {
	return o.Store.Reconciliations(ctx, offset, most)
}

// Run returns one run. Errors: ErrNoRun, and faults.
func (o *Operations) Run(ctx context.Context, id uuid.UUID) (Run, error) {
	return o.Store.Reconciliation(ctx, id)
}

// Differences returns a page of differences, the oldest first, and how many there are.
func (o *Operations) Differences(ctx context.Context, f Filter, offset, most int) ([]Difference, int, error) {
	return o.Store.Differences(ctx, f, offset, most)
}

// Difference returns one difference. Errors: ErrNoDifference, and faults.
func (o *Operations) Difference(ctx context.Context, id uuid.UUID) (Difference, error) {
	return o.Store.Difference(ctx, id)
}

// Compare compares a pair now, keeps what it finds and returns the open and accepted
// differences of the pair. Errors: ErrUnavailable when NOMIS could not be read, and
// faults.
func (o *Operations) Compare(ctx context.Context, pair domain.Pair) ([]Difference, error) {
	locks, err := o.Locks.Open(ctx)
	if err != nil {
		return nil, errors.Join(ErrUnavailable, err)
	}
	c := &comparer{
		turns: o.turns, record: o.Turns.Record, store: o.Store, locks: locks, clock: o.Clock, wait: o.Wait, pending: o.Pending,
	}
	counts, err := c.compare(ctx, pair)
	if err != nil {
		return nil, err
	}
	for _, cause := range counts.UncheckedCauses() {
		if slices.Contains([]string{npa.WhyAway, npa.WhyDenied, npa.WhyUnreadable, recordAway}, cause) {
			return nil, ErrUnavailable
		}
	}
	return o.Store.Living(ctx, pair)
}

// locked runs do under the lock of a pair. It waits for a turn that works on the pair.
// The context of do ends with the session. Errors: ErrUnavailable when the lock is not to
// be had, and those of do.
func (o *Operations) locked(ctx context.Context, pair domain.Pair, do func(context.Context) error) error {
	err := o.Locks.With(ctx, pair, func(ctx context.Context, _ *store.PairLocks) error { return do(ctx) })
	if errors.Is(err, store.ErrNotLocked) {
		return errors.Join(ErrUnavailable, err)
	}
	return err
}
