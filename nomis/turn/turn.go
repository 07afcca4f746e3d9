// Package turn brings pairs of prisoners in step with NOMIS. A turn reads both sides,
// plans, does one step, and reads and plans again, until no step is left. It believes
// nothing that it has not read itself, so that a repeated turn does no harm, and one that
// was cut off anywhere is completed by the next.
package turn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/nomis/mirror"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
)

// maxSteps bounds a turn. A plan that goes on for longer is a fault of the planner.
const maxSteps = 50

// ErrBraked means that all turns are stopped, because NOMIS looks restored.
var ErrBraked = errors.New("turns are stopped: NOMIS looks restored from a backup")

// Record is the record of the pairs. [commands.Handler] implements it.
type Record interface {
	Plan(ctx context.Context, pair domain.Pair) (commands.Planned, error)
	ExecutePlanned(ctx context.Context, by domain.Cause, pair domain.Pair, command domain.Command, revision int64) (commands.Executed, error)
}

// NOMIS is what a turn calls. [npa.Client] implements it, with the errors of its methods.
type NOMIS interface {
	Rows(ctx context.Context, pair domain.Pair) (mirror.Rows, error)
	Create(ctx context.Context, pair domain.Pair, d domain.Detail) (sequence int, err error)
	Update(ctx context.Context, pair domain.Pair, sequence int, d domain.Detail) error
	Delete(ctx context.Context, pair domain.Pair, sequence int) error
	Merges(ctx context.Context, of domain.PrisonerNumber, from string) ([]npa.Merge, error)
}

// Rules say what is allowed by the switch-over. [commands.Handler] implements it.
type Rules interface {
	// InboundAllowed reports whether what NOMIS says may change the record of a pair. It
	// may ask the directory.
	InboundAllowed(ctx context.Context, pair domain.Pair) (bool, error)
	// OutboundAllowed reports whether the service may write to NOMIS.
	OutboundAllowed(ctx context.Context) (bool, error)
}

// Options are what Turns depend on.
type Options struct {
	Record Record
	NOMIS  NOMIS
	Store  *store.Store
	Rules  Rules
	Clock  func() time.Time // in Europe/London
	Logger *slog.Logger
	// DeleteAfter is how long a deletion in NOMIS has to wait before it deletes here.
	DeleteAfter time.Duration
	// Pause waits before mirrors that disagree are read again. It returns an error when
	// the context ends first.
	Pause func(ctx context.Context) error
}

// Turns take turns on pairs. They are safe for concurrent use, but the caller makes sure
// that a pair has one turn at a time, in all processes: see [store.PairLocks].
type Turns struct {
	Options
	authors *authors
}

// New returns Turns. It calls nothing.
func New(options Options) *Turns { return &Turns{options, &authors{}} }

// Why is what a turn is taken for.
type Why struct {
	// Cause is the id of the message or the run. The ids of the turn's commands are made
	// of it. The nil UUID stands for a random one.
	Cause  uuid.UUID
	Actor  string // of a person's repair; "" otherwise
	Repair *plan.Repair
	// Asked is a turn that a person asks for: what NOMIS refused or did not take before is
	// sent once more.
	Asked bool
	// DryRun plans once and does nothing.
	DryRun bool
	// Confirm returns an error when the lock of the pair is no longer held. It is asked
	// before each write. It may be nil.
	Confirm func(ctx context.Context) error
	// Due is the row of the bell, with the evidence of deletions. It may be zero.
	Due store.DuePair
}

// Result is what a turn did and what it leaves.
type Result struct {
	Done   []plan.Step // in their order
	Plan   plan.Plan   // the last one: without steps, unless it was a dry run
	Ours   commands.Planned
	Theirs []plan.Theirs
	Rows   mirror.Rows
	// Unknown says why NOMIS does not know one of the two prisoners. It is empty when it
	// knows both.
	Unknown string
	// Refused are the writes that NOMIS refused in this turn.
	Refused []store.Finding
}

// Take takes a turn on a pair. The problems that the last plan leaves are kept as
// differences. A Result is returned with an error too, of what was done before. Errors:
// ErrBraked, those of npa (NOMIS refused or does not answer), those of the record, and
// faults of Postgres. After an error the turn is to be taken again.
func (t *Turns) Take(ctx context.Context, pair domain.Pair, why Why) (Result, error) {
	if why.Cause == uuid.Nil {
		why.Cause = uuid.New()
	}
	r := &run{Turns: t, pair: pair, why: why, source: domain.NOMIS}
	err := r.take(ctx)
	if err != nil {
		err = fmt.Errorf("take the turn of %s: %w", pair.Stream(), err)
	}
	return r.result, err
}

// run is one turn.
type run struct {
	*Turns
	pair    domain.Pair
	why     Why
	source  domain.Source // of what a take records
	result  Result
	policy  plan.Policy
	living  []store.Difference
	stuck   string          // why the turn makes no progress; "" when it does
	refused []store.Finding // by NOMIS in this turn
	brake   store.Brake     // that the plan was made under
	// restored is the pair while it is not in step after NOMIS looked restored.
	restored store.RestoredPair
	// askedAt is the revision at which the turn began that a person asked for, else nil.
	askedAt *int64
}

// take reads, plans and does one step, until no step is left.
func (r *run) take(ctx context.Context) error {
	var last []plan.Step
	for range maxSteps {
		in, err := r.read(ctx)
		if err != nil {
			return err
		}
		made, err := r.planned(ctx, in)
		if err != nil {
			return err
		}
		r.result.Plan = made
		if len(made.Steps) == 0 || r.why.DryRun {
			return r.finish(ctx)
		}
		if reflect.DeepEqual(made.Steps, last) {
			r.stuck = "A step changed nothing: " + made.Steps[0].Why
			return r.finish(ctx)
		}
		last = nil // a step that lost a race may well be planned again
		done, err := r.step(ctx, in, made.Steps[0])
		if err != nil {
			return err
		}
		if done {
			last = made.Steps
		}
	}
	r.stuck = fmt.Sprintf("The turn did not end after %d steps.", maxSteps)
	return r.finish(ctx)
}

// finish keeps what the last plan leaves as differences.
func (r *run) finish(ctx context.Context) error {
	if r.why.DryRun {
		return nil
	}
	found := withRefusals(Findings(r.result.Plan, r.pair), r.refused)
	found, err := r.withTaken(ctx, found)
	if err != nil {
		return err
	}
	if r.stuck != "" {
		r.Logger.ErrorContext(ctx, "turn made no progress", "stream", r.pair.Stream(), "why", r.stuck)
		found = append(found, store.Finding{Bucket: store.Unchecked, Problem: string(plan.NoProgress), Why: r.stuck, Cause: Unknown})
	}
	if len(found) > 0 || len(r.living) > 0 {
		now := r.Clock()
		if err := r.Store.Record(ctx, r.pair, now, domain.Today(now), r.repaired(), found...); err != nil {
			return err
		}
	}
	return r.settleRestored(ctx)
}

// NotReached keeps that a pair could not be brought in step for long, beside the
// differences that it has. why is one sentence without personal data.
func (t *Turns) NotReached(ctx context.Context, pair domain.Pair, why string) error {
	living, err := t.Store.Living(ctx, pair)
	if err != nil {
		return err
	}
	found := []store.Finding{{Bucket: store.Unchecked, Problem: string(plan.NotReached), Why: why, Cause: Unknown}}
	for _, d := range living {
		if d.Problem != string(plan.NotReached) {
			found = append(found, d.Finding)
		}
	}
	now := t.Clock()
	return t.Store.Record(ctx, pair, now, domain.Today(now), uuid.Nil, found...)
}

// repaired returns the difference that a person repairs, or the nil UUID. One that stays is
// repaired when the record is what the person chose.
func (r *run) repaired() uuid.UUID {
	if r.why.Repair == nil {
		return uuid.Nil
	}
	for _, d := range r.living {
		if d.Stays && !r.why.Repair.FromNOMIS && !r.isReverted() {
			continue
		}
		if d.NonAssociationID == r.why.Repair.NonAssociationID && d.TypeSequence == r.why.Repair.TypeSequence ||
			d.NonAssociationID != uuid.Nil && d.NonAssociationID == r.why.Repair.NonAssociationID {
			return d.ID
		}
	}
	return uuid.Nil
}
