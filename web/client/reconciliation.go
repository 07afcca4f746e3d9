package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"nonassociations/domain"
)

// Pair is two prisoner numbers in either order.
type Pair []domain.PrisonerNumber

// ReconciliationRequest is the body of RequestReconciliation. Pairs are those of the scope
// PAIRS, and of no other.
type ReconciliationRequest struct {
	Scope          string `json:"scope"` // ALL, TOUCHED or PAIRS
	Pairs          []Pair `json:"pairs,omitempty"`
	AllowUnchecked bool   `json:"allowUnchecked"`
}

// PageOnly is a page of a list. Size 0 is 20.
type PageOnly struct{ Page, Size int }

// values returns the parameters of a page.
func (p PageOnly) values() url.Values {
	query := url.Values{"page": {strconv.Itoa(p.Page)}}
	if p.Size > 0 {
		query.Set("size", strconv.Itoa(p.Size))
	}
	return query
}

// DifferenceParams select differences. "" selects all.
type DifferenceParams struct {
	PageOnly

	State, Bucket, Problem, Cause string
	Pair                          string // two prisoner numbers with a comma between
}

// Repair is the body of RepairDifference.
type Repair struct {
	Version int    `json:"version"` // that the caller saw
	From    string `json:"from"`    // the side that is right: DPS or NOMIS
	Reason  string `json:"reason"`
	DryRun  bool   `json:"dryRun"`
}

// Acceptance is the body of AcceptDifference.
type Acceptance struct {
	Version int     `json:"version"` // that the caller saw
	Reason  string  `json:"reason"`
	Until   *string `json:"until,omitempty"` // the last day; nil: no end
}

// RepairPlanRequest is the body of PlanRepairs.
type RepairPlanRequest struct {
	Filter DifferenceFilter `json:"filter"`
	From   string           `json:"from"`
	Reason string           `json:"reason"`
	Delete bool             `json:"delete"` // from NOMIS: also what would be deleted here
}

// DifferenceFilter selects open differences. Zero values select all.
type DifferenceFilter struct {
	State   string `json:"state,omitempty"` // OPEN, which it is anyway
	Bucket  string `json:"bucket,omitempty"`
	Problem string `json:"problem,omitempty"`
	Cause   string `json:"cause,omitempty"`
	Pair    Pair   `json:"pair,omitempty"`
}

const (
	reconciliations = "/nomis/reconciliations"
	differences     = "/nomis/differences"
)

// RequestReconciliation asks for a run and does not wait for it.
func (c *Client) RequestReconciliation(ctx context.Context, body ReconciliationRequest) (Response[Requested], error) {
	return send[Requested](ctx, c, request{method: http.MethodPost, path: reconciliations, body: body})
}

// Reconciliations returns a page of the runs, the newest first.
func (c *Client) Reconciliations(ctx context.Context, ask PageOnly) (Response[ReconciliationPage], error) {
	return send[ReconciliationPage](ctx, c, request{method: http.MethodGet, path: reconciliations, query: ask.values()})
}

// Reconciliation returns one run, also while it is running.
func (c *Client) Reconciliation(ctx context.Context, id string) (Response[Reconciliation], error) {
	return send[Reconciliation](ctx, c, request{method: http.MethodGet, path: queryOf(reconciliations+"/{}", id)})
}

// ComparePair compares a pair with NOMIS now. An empty list means that both hold the same.
func (c *Client) ComparePair(ctx context.Context, one, other string) (Response[[]Difference], error) {
	path := "/non-associations/reconciliation/" + url.PathEscape(one) + "/ns/" + url.PathEscape(other)
	return send[[]Difference](ctx, c, request{method: http.MethodGet, path: path})
}

// Differences returns a page of what differs from NOMIS, the oldest first.
func (c *Client) Differences(ctx context.Context, ask DifferenceParams) (Response[DifferencePage], error) {
	query := ask.values()
	set(query, "state", ask.State)
	set(query, "bucket", ask.Bucket)
	set(query, "problem", ask.Problem)
	set(query, "cause", ask.Cause)
	set(query, "pair", ask.Pair)
	return send[DifferencePage](ctx, c, request{method: http.MethodGet, path: differences, query: query})
}

// RepairDifference ends a difference in a direction.
func (c *Client) RepairDifference(ctx context.Context, id string, body Repair) (Response[Repaired], error) {
	return send[Repaired](ctx, c, request{method: http.MethodPost, path: queryOf(differences+"/{}/repair", id), body: body})
}

// AcceptDifference leaves a difference as it is.
func (c *Client) AcceptDifference(ctx context.Context, id string, body Acceptance) (Response[Difference], error) {
	return send[Difference](ctx, c, request{method: http.MethodPost, path: queryOf(differences+"/{}/accept", id), body: body})
}

// PlanRepairs says what a repair of many differences would do.
func (c *Client) PlanRepairs(ctx context.Context, body RepairPlanRequest) (Response[RepairPlan], error) {
	return send[RepairPlan](ctx, c, request{method: http.MethodPost, path: differences + "/plan", body: body})
}

// CarryOutRepairs does what a plan said, while it is still the same plan.
func (c *Client) CarryOutRepairs(ctx context.Context, planID string) (Response[RepairOutcome], error) {
	return send[RepairOutcome](ctx, c, request{method: http.MethodPost, path: queryOf(differences+"/plan/{}", planID)})
}
