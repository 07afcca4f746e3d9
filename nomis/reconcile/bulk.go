package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
)

// MaxPlan is how many differences one plan may repair: what one request has time for.
const MaxPlan = 100

// PlanRequest selects open differences and how they are to be repaired.
type PlanRequest struct {
	Filter    Filter
	FromNOMIS bool
	Reason    string
	Delete    bool // from NOMIS: also what would be deleted here
	By        string
}

// RepairPlan is what a plan would do. ID is a hash of it: another plan has another id.
type RepairPlan struct {
	ID    string
	Count int // of the differences that it repairs
	Steps []Step
	// LeftOut counts the differences that match and cannot be repaired so, or that would be
	// deleted here.
	LeftOut int
}

// kept is what a plan is made from, as it is stored.
type kept struct {
	State     State  `json:"state"`
	Bucket    Bucket `json:"bucket,omitempty"`
	Problem   string `json:"problem,omitempty"`
	Cause     string `json:"cause,omitempty"`
	Pair      string `json:"pair,omitempty"`
	FromNOMIS bool   `json:"fromNOMIS"`
	Reason    string `json:"reason"`
	Delete    bool   `json:"delete"`
}

// planned is a difference with the steps that repair it.
type planned struct {
	ID      uuid.UUID `json:"id"`
	Version int       `json:"version"`
	Steps   []Step    `json:"steps"`
}

// Plan says what a repair of many differences would do, and keeps it for CarryOut. Errors:
// ImpossibleError when more than MaxPlan match, ErrUnavailable, and faults.
func (o *Operations) Plan(ctx context.Context, r PlanRequest) (RepairPlan, error) {
	k := kept{
		State: store.StateOpen, Bucket: r.Filter.Bucket, Problem: r.Filter.Problem, Cause: r.Filter.Cause,
		FromNOMIS: r.FromNOMIS, Reason: r.Reason, Delete: r.Delete,
	}
	if r.Filter.Pair != (domain.Pair{}) {
		k.Pair = r.Filter.Pair.String()
	}
	made, _, err := o.make(ctx, k)
	if err != nil {
		return RepairPlan{}, err
	}
	request, err := json.Marshal(k)
	if err != nil {
		return RepairPlan{}, err
	}
	return made, o.Store.KeepPlan(ctx, made.ID, string(request), r.By, o.Clock())
}

// make plans each difference that matches.
func (o *Operations) make(ctx context.Context, k kept) (RepairPlan, []planned, error) {
	filter := Filter{State: k.State, Bucket: k.Bucket, Problem: k.Problem, Cause: k.Cause}
	if k.Pair != "" {
		var err error
		if filter.Pair, err = domain.ParsePair(k.Pair); err != nil {
			return RepairPlan{}, nil, err
		}
	}
	found, total, err := o.Store.Differences(ctx, filter, 0, MaxPlan)
	if err != nil {
		return RepairPlan{}, nil, err
	}
	if total > MaxPlan {
		return RepairPlan{}, nil, ImpossibleError{fmt.Sprintf("%d differences match, and a plan has at most %d: narrow the filter.", total, MaxPlan)}
	}
	all := make([]planned, len(found))
	group, planning := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for i, d := range found {
		group.Go(func() (err error) {
			all[i], err = o.planOne(planning, d, k)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return RepairPlan{}, nil, err
	}
	all = slices.DeleteFunc(all, func(p planned) bool { return len(p.Steps) == 0 })
	hashed, err := json.Marshal([]any{k, all}, json.Deterministic(true))
	if err != nil {
		return RepairPlan{}, nil, err
	}
	sum := sha256.Sum256(hashed)
	made := RepairPlan{ID: hex.EncodeToString(sum[:16]), Count: len(all), LeftOut: len(found) - len(all)}
	for _, p := range all {
		made.Steps = append(made.Steps, p.Steps...)
	}
	return made, all, nil
}

// planOne returns the steps of one difference, none when it is left out.
func (o *Operations) planOne(ctx context.Context, d Difference, k kept) (planned, error) {
	if d.Ours == nil && d.Theirs == nil {
		return planned{}, nil
	}
	steps, err := o.planned(ctx, d, k.FromNOMIS)
	var impossible ImpossibleError
	if errors.As(err, &impossible) || k.FromNOMIS && !k.Delete && slices.ContainsFunc(steps, func(s Step) bool { return s.Action == plan.Delete }) {
		return planned{}, nil
	}
	return planned{d.ID, d.Version, steps}, err
}

// Outcome is what a plan that was carried out did.
type Outcome struct {
	Count  int // of the differences that are repaired
	Steps  []Step
	Failed []FailedRepair
	// Left counts the differences that the request had no time for. A new plan has them.
	Left int
}

// FailedRepair is a difference that stays, and why.
type FailedRepair struct {
	ID  uuid.UUID
	Why string
}

// CarryOut repairs what a plan said, one difference after the other, while it is still
// the same plan. One that fails does not stop the others. Errors: ErrNoPlan, ErrOtherPlan,
// ErrUnavailable before anything was done, and faults.
func (o *Operations) CarryOut(ctx context.Context, id, by string) (Outcome, error) {
	request, err := o.Store.PlanOf(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	var k kept
	if err := json.Unmarshal([]byte(request), &k); err != nil {
		return Outcome{}, err
	}
	made, all, err := o.make(ctx, k)
	if err != nil {
		return Outcome{}, err
	}
	if made.ID != id {
		return Outcome{}, ErrOtherPlan
	}
	var done Outcome
	for i, p := range all {
		repaired, err := o.Repair(ctx, p.ID, Repair{Version: p.Version, FromNOMIS: k.FromNOMIS, Reason: k.Reason, By: by})
		done.Steps = append(done.Steps, repaired.Steps...)
		var impossible ImpossibleError
		switch {
		case err == nil:
			done.Count++
		case errors.As(err, &impossible), errors.Is(err, ErrStale), errors.Is(err, ErrNoDifference):
			done.Failed = append(done.Failed, FailedRepair{p.ID, err.Error()})
		case i == 0:
			return done, err
		default:
			done.Left = len(all) - i
			return done, nil
		}
	}
	return done, nil
}
