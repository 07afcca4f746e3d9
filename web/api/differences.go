package api

import (
	"context"
	"net/http"
	"strings"

	"nonassociations/domain"
	"nonassociations/nomis/reconcile"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// differences lists what differs from NOMIS, the oldest first.
func (a *API) differences(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	p, err := parametersOf(r.URL)
	if err != nil {
		return response{}, err
	}
	number, size := p.page()
	wanted := reconcile.Filter{
		State: choice(p, "state", reconcile.States(), ""), Bucket: choice(p, "bucket", reconcile.Buckets(), ""),
		Problem: string(choice(p, "problem", reconcile.Problems(), "")), Cause: choice(p, "cause", reconcile.Causes(), ""), Pair: p.pair(),
	}
	if err := p.result(); err != nil {
		return response{}, err
	}
	var total int
	found, err := withNOMIS(a, func(o Reconciliation) (found []reconcile.Difference, err error) {
		found, total, err = o.Differences(ctx, wanted, int(number)*size, size)
		return found, err
	})
	if err != nil {
		return response{}, err
	}
	return jsonResponse(pageWith(mapped(found, a.differenceOf), number, size, total))
}

// pair parses two prisoner numbers with a comma between; the zero Pair when none is given.
func (p *parameters) pair() domain.Pair {
	value, given := p.one("pair")
	if !given {
		return domain.Pair{}
	}
	one, other, _ := strings.Cut(value, ",")
	pair, err := parsePair([]string{one, other})
	if err != nil {
		p.fault("pair", err.Error())
	}
	return pair
}

// repairDifference ends a difference in a direction.
func (a *API) repairDifference(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return response{}, err
	}
	body, err := readJSON(r)
	if err != nil {
		return response{}, err
	}
	repair, err := decodeRepair(body)
	if err != nil {
		return response{}, err
	}
	repair.By = by.User
	done, err := withNOMIS(a, func(o Reconciliation) (reconcile.Repaired, error) { return o.Repair(ctx, id, repair) })
	if err != nil {
		return response{}, err
	}
	return jsonResponse(shape.Repaired{Steps: mapped(done.Steps, stepOf), Difference: a.differenceOf(done.Difference)})
}

// acceptDifference leaves a difference as it is.
func (a *API) acceptDifference(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return response{}, err
	}
	body, err := readJSON(r)
	if err != nil {
		return response{}, err
	}
	version, decided, err := decodeAcceptance(body, a.today())
	if err != nil {
		return response{}, err
	}
	decided.By = by.User
	d, err := withNOMIS(a, func(o Reconciliation) (reconcile.Difference, error) { return o.Accept(ctx, id, version, decided) })
	if err != nil {
		return response{}, err
	}
	return jsonResponse(a.differenceOf(d))
}

// planRepairs says what a repair of many differences would do.
func (a *API) planRepairs(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	body, err := readJSON(r)
	if err != nil {
		return response{}, err
	}
	asked, err := decodePlan(body)
	if err != nil {
		return response{}, err
	}
	asked.By = by.User
	made, err := withNOMIS(a, func(o Reconciliation) (reconcile.RepairPlan, error) { return o.Plan(ctx, asked) })
	if err != nil {
		return response{}, err
	}
	return jsonResponse(shape.RepairPlan{PlanID: made.ID, Count: made.Count, LeftOut: made.LeftOut, Steps: mapped(made.Steps, stepOf)})
}

// carryOutRepairs does what a plan said, while it is still the same plan.
func (a *API) carryOutRepairs(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	id, err := pathValue(r, "planId")
	if err != nil {
		return response{}, err
	}
	done, err := withNOMIS(a, func(o Reconciliation) (reconcile.Outcome, error) { return o.CarryOut(ctx, id, by.User) })
	if err != nil {
		return response{}, err
	}
	failed := mapped(done.Failed, func(f reconcile.FailedRepair) shape.FailedRepair { return shape.FailedRepair{ID: f.ID, Why: f.Why} })
	return jsonResponse(shape.RepairOutcome{PlanID: id, Count: done.Count, Steps: mapped(done.Steps, stepOf), Failed: failed, Left: done.Left})
}
