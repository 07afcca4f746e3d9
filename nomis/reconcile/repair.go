package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// Repair is a person's decision which side of a difference is right.
type Repair struct {
	Version   int  // that the person saw
	FromNOMIS bool // theirs is taken over here; otherwise ours is written there
	Reason    string
	By        string
	DryRun    bool
}

// Repaired is what a repair did, or would do, and the difference after it.
type Repaired struct {
	Steps      []Step
	Difference Difference
}

// Repair ends a difference in a direction, by a turn whose facts have the person as actor.
// Errors: ErrNoDifference, ErrStale, ImpossibleError, ErrUnavailable, and faults. After
// ErrUnavailable a part may be done, and asking again does the rest.
func (o *Operations) Repair(ctx context.Context, id uuid.UUID, r Repair) (Repaired, error) {
	d, err := o.Store.Difference(ctx, id)
	if err != nil {
		return Repaired{}, err
	}
	var done Repaired
	err = o.locked(ctx, d.Pair, func(ctx context.Context) error {
		done, err = o.repair(ctx, id, r)
		return err
	})
	return done, err
}

// repair is Repair under the lock of the pair. What cannot be done is found out by a plan,
// before anything is written.
func (o *Operations) repair(ctx context.Context, id uuid.UUID, r Repair) (Repaired, error) {
	d, err := o.current(ctx, id, r.Version)
	if err != nil {
		return Repaired{}, err
	}
	planned, err := o.planned(ctx, d, r.FromNOMIS)
	if err != nil || r.DryRun {
		return Repaired{planned, d}, err
	}
	if d, err = o.Store.Repairing(ctx, id, d.Version, store.Decision{By: r.By, Reason: r.Reason}); err != nil {
		return Repaired{}, err
	}
	result, err := o.turns.Take(ctx, d.Pair, o.why(ctx, d, r.FromNOMIS, r.By, false))
	if err != nil {
		return Repaired{Steps: result.Done, Difference: d}, unavailable(err)
	}
	if d, err = o.Store.Difference(ctx, id); err != nil {
		return Repaired{}, err
	}
	done := Repaired{result.Done, d}
	if d.State == store.StateOpen {
		return done, ImpossibleError{whyNot(result, d)}
	}
	return done, nil
}

// current returns a difference that is living and of a version.
func (o *Operations) current(ctx context.Context, id uuid.UUID, version int) (Difference, error) {
	d, err := o.Store.Difference(ctx, id)
	switch {
	case err != nil:
		return d, err
	case d.Version != version:
		return d, ErrStale
	case d.State != store.StateOpen && d.State != store.StateAccepted:
		return d, ImpossibleError{"The difference is gone: it is " + string(d.State) + "."}
	case d.Ours == nil && d.Theirs == nil:
		return d, ImpossibleError{"The pair could not be compared: " + d.Why}
	}
	return d, nil
}

// planned returns the steps of a repair. Errors: ImpossibleError when none is about the
// difference, and ErrUnavailable.
func (o *Operations) planned(ctx context.Context, d Difference, fromNOMIS bool) ([]Step, error) {
	result, err := o.turns.Take(ctx, d.Pair, o.why(ctx, d, fromNOMIS, "", true))
	if err != nil {
		return nil, unavailable(err)
	}
	s := &seen{pair: d.Pair, result: result}
	about := slices.DeleteFunc(slices.Clone(result.Plan.Steps), func(step Step) bool {
		return !(&seen{pair: d.Pair, result: turn.Result{Plan: plan.Plan{Steps: []Step{step}}}}).hasStep(d.Finding)
	})
	switch {
	case d.Stays && (fromNOMIS || !hasProblem(result.Plan, d)): // both may hold what was chosen by now
		return result.Plan.Steps, nil
	case !s.hasStep(d.Finding):
		return nil, ImpossibleError{whyNot(result, d)}
	case fromNOMIS && slices.ContainsFunc(about, writesThere):
		return nil, ImpossibleError{"NOMIS's cannot be taken over without a write to NOMIS."}
	}
	return result.Plan.Steps, nil
}

// hasProblem reports whether a plan has a problem with the record of a difference.
func hasProblem(p plan.Plan, d Difference) bool {
	return slices.ContainsFunc(p.Problems, func(problem plan.Problem) bool { return problem.NonAssociationID == d.NonAssociationID })
}

// writesThere reports whether a step changes what NOMIS holds.
func writesThere(s Step) bool {
	return s.Action == plan.Put || s.Action == plan.Post || s.Action == plan.Remove
}

// why is the turn of a repair. The evidence of deletions belongs to the pair's own turns.
func (o *Operations) why(ctx context.Context, d Difference, fromNOMIS bool, by string, dryRun bool) turn.Why {
	due, err := o.Store.Get(ctx, d.Pair)
	if err != nil {
		due = store.DuePair{}
	}
	repair := &plan.Repair{NonAssociationID: d.NonAssociationID, FromNOMIS: fromNOMIS}
	if d.NonAssociationID == uuid.Nil {
		repair.TypeSequence = d.TypeSequence
	}
	return turn.Why{Cause: uuid.New(), Actor: by, Repair: repair, DryRun: dryRun, Due: due}
}

// whyNot says why a difference stays: NOMIS refused, or the plan has a problem with it.
func whyNot(result turn.Result, d Difference) string {
	for _, f := range result.Refused {
		if f.IsOf(d.Finding) {
			return fmt.Sprintf("%s %s", f.Why, f.Words)
		}
	}
	for _, f := range turn.Findings(result.Plan, d.Pair) {
		if f.IsOf(d.Finding) && f.Why != "" {
			return f.Why
		}
	}
	return "Nothing can be done about it in this direction now."
}

// unavailable gives the errors of a turn that pass by themselves the name by which the
// caller knows them.
func unavailable(err error) error {
	var refusal domain.Refusal
	for _, passing := range []error{npa.ErrUnavailable, npa.ErrDenied, turn.ErrBraked, store.ErrLocksLost} {
		if errors.Is(err, passing) {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	if errors.As(err, &refusal) {
		return ImpossibleError{"The record refuses it: " + refusal.Message + "."}
	}
	return err
}

// Accept leaves a difference as it is, for as long as both sides are what they are and
// until its last day, "" for no end. Errors: ErrNoDifference, ErrStale, ImpossibleError,
// ErrUnavailable, and faults.
func (o *Operations) Accept(ctx context.Context, id uuid.UUID, version int, decided store.Decision) (Difference, error) {
	d, err := o.Store.Difference(ctx, id)
	if err != nil {
		return d, err
	}
	err = o.locked(ctx, d.Pair, func(ctx context.Context) error { // no step begins on what is accepted
		if d, err = o.current(ctx, id, version); err != nil {
			return err
		}
		if d.State == store.StateAccepted {
			return ImpossibleError{"The difference is accepted already."}
		}
		d, err = o.Store.Accept(ctx, id, version, decided)
		return err
	})
	return d, err
}
