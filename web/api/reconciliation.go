package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/reconcile"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// Reconciliation is what people do about what differs from NOMIS. [reconcile.Operations]
// implements it and has the contract of each method.
type Reconciliation interface {
	Request(ctx context.Context, r reconcile.Request) (uuid.UUID, error)
	Runs(ctx context.Context, offset, most int) ([]reconcile.Run, int, error)
	Run(ctx context.Context, id uuid.UUID) (reconcile.Run, error)
	Compare(ctx context.Context, pair domain.Pair) ([]reconcile.Difference, error)
	Differences(ctx context.Context, f reconcile.Filter, offset, most int) ([]reconcile.Difference, int, error)
	Repair(ctx context.Context, id uuid.UUID, r reconcile.Repair) (reconcile.Repaired, error)
	Accept(ctx context.Context, id uuid.UUID, version int, decided reconcile.Decision) (reconcile.Difference, error)
	Plan(ctx context.Context, r reconcile.PlanRequest) (reconcile.RepairPlan, error)
	CarryOut(ctx context.Context, id, by string) (reconcile.Outcome, error)
}

// reconciliationRoutes are the calls of reconciliation.
func (a *API) reconciliationRoutes(mux *chi.Mux) {
	mux.Post("/nomis/reconciliations", a.operator(a.requestReconciliation))
	mux.Get("/nomis/reconciliations", a.authenticated(a.reconciliations, roleAdmin))
	mux.Get("/nomis/reconciliations/{id}", a.authenticated(a.reconciliation, roleAdmin))
	mux.Get("/non-associations/reconciliation/{firstPrisonerNumber}/ns/{secondPrisonerNumber}", a.authenticated(a.comparePair, roleAdmin))
	mux.Get("/nomis/differences", a.authenticated(a.differences, roleAdmin))
	mux.Post("/nomis/differences/{id}/repair", a.operator(a.repairDifference))
	mux.Post("/nomis/differences/{id}/accept", a.operator(a.acceptDifference))
	mux.Post("/nomis/differences/plan", a.operator(a.planRepairs))
	mux.Post("/nomis/differences/plan/{planId}", a.operator(a.carryOutRepairs))
}

var errNoNOMIS = errors.New("this process does not reconcile with NOMIS")

// withNOMIS runs an operation. It is a 503 with words where this process reconciles with
// no NOMIS.
func withNOMIS[T any](a *API, do func(Reconciliation) (T, error)) (T, error) {
	if a.reconcile == nil {
		var none T
		return none, noNOMIS()
	}
	done, err := do(a.reconcile)
	return done, refusedReconciliation(err)
}

// noNOMIS is the 503 of a process without NOMIS.
func noNOMIS() problem {
	return notNow("This process does not reconcile with NOMIS: NOMIS_API_URL is not set.", errNoNOMIS)
}

// notNow is the 503 of a request that may be sent again, with why. cause is logged.
func notNow(why string, cause error) problem {
	p := unavailable(cause)
	p.UserMessage, p.DeveloperMessage = why, why
	return p
}

// refusedReconciliation maps the errors of the operations to their statuses.
func refusedReconciliation(err error) error {
	var impossible reconcile.ImpossibleError
	switch {
	case errors.Is(err, reconcile.ErrNoRun), errors.Is(err, reconcile.ErrNoDifference), errors.Is(err, reconcile.ErrNoPlan):
		return problemWith(http.StatusNotFound, domain.CodeNotFound, "Not found: there is no such "+nounOf(err))
	case errors.Is(err, reconcile.ErrStale):
		return plain(http.StatusConflict, "The difference has changed since that version. Read it again.")
	case errors.Is(err, reconcile.ErrOtherPlan):
		return plain(http.StatusConflict, "It is another plan by now: what differs has changed. Make it again.")
	case errors.As(err, &impossible):
		// What NOMIS quotes may be a comment, which stands in no refusal.
		why, _, _ := strings.Cut(impossible.Why, "rejected value")
		return plain(http.StatusConflict, strings.TrimSpace(why))
	case errors.Is(err, reconcile.ErrUnavailable):
		return unavailable(err)
	}
	return err
}

func nounOf(err error) string {
	switch {
	case errors.Is(err, reconcile.ErrNoRun):
		return "reconciliation"
	case errors.Is(err, reconcile.ErrNoPlan):
		return "plan"
	}
	return "difference"
}

// requestReconciliation stores a run and answers at once.
func (a *API) requestReconciliation(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	body, err := readJSON(r)
	if err != nil {
		return response{}, err
	}
	asked, err := decodeReconciliation(body)
	if err != nil {
		return response{}, err
	}
	asked.By = by.User
	id, err := withNOMIS(a, func(o Reconciliation) (uuid.UUID, error) { return o.Request(ctx, asked) })
	if err != nil {
		return response{}, err
	}
	out, err := jsonResponse(shape.Requested{ID: id})
	out.status = http.StatusAccepted
	return out, err
}

// page parses the number and the size of a page.
func (p *parameters) page() (number int64, size int) {
	return p.number("page", 0, math.MaxInt32, 0), int(p.number("size", 1, maxSize, defaultSize))
}

// reconciliations lists the runs, the newest first.
func (a *API) reconciliations(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	p, err := parametersOf(r.URL)
	if err != nil {
		return response{}, err
	}
	number, size := p.page()
	if err := p.result(); err != nil {
		return response{}, err
	}
	var total int
	runs, err := withNOMIS(a, func(o Reconciliation) (runs []reconcile.Run, err error) {
		runs, total, err = o.Runs(ctx, int(number)*size, size)
		return runs, err
	})
	if err != nil {
		return response{}, err
	}
	return jsonResponse(pageWith(mapped(runs, a.reconciliationOf), number, size, total))
}

// reconciliation answers with one run.
func (a *API) reconciliation(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return response{}, err
	}
	run, err := withNOMIS(a, func(o Reconciliation) (reconcile.Run, error) { return o.Run(ctx, id) })
	if err != nil {
		return response{}, err
	}
	return jsonResponse(a.reconciliationOf(run))
}

// comparePair compares one pair now.
func (a *API) comparePair(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	pair, err := pathPair(r)
	if err != nil {
		return response{}, err
	}
	found, err := withNOMIS(a, func(o Reconciliation) ([]reconcile.Difference, error) { return o.Compare(ctx, pair) })
	if err != nil {
		return response{}, err
	}
	return jsonResponse(mapped(found, a.differenceOf))
}

// pageWith returns a page of so many elements in all.
func pageWith[T any](content []T, number int64, size, total int) shape.PageOf[T] {
	last := number*int64(size)+int64(len(content)) >= int64(total)
	return springPage(content, int64(total), size, number, last)
}

// mapped returns what a function makes of each value; never nil.
func mapped[A, B any](all []A, of func(A) B) []B {
	made := make([]B, len(all))
	for i, one := range all {
		made[i] = of(one)
	}
	return made
}
