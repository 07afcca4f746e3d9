package api_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/nomis/reconcile"
	"nonassociations/nomis/store"
	"nonassociations/web/api"
)

const (
	repairing = `{"version":1,"from":"DPS","reason":"Checked"}`
	accepting = `{"version":1,"reason":"Known"}`
	planning  = `{"filter":{"bucket":"differs"},"from":"NOMIS","reason":"Checked"}`
)

// reconciler answers as it is told, and notes what it was asked.
type reconciler struct {
	fault error
	asked any
	by    string
}

func (r *reconciler) Request(_ context.Context, of reconcile.Request) (uuid.UUID, error) {
	r.asked, r.by = of, of.By
	return uuid.MustParse(anID), r.fault
}

func (r *reconciler) Runs(_ context.Context, offset, most int) ([]reconcile.Run, int, error) {
	r.asked = []int{offset, most}
	return []reconcile.Run{aRun()}, 41, r.fault
}

func (r *reconciler) Run(context.Context, uuid.UUID) (reconcile.Run, error) { return aRun(), r.fault }

func (r *reconciler) Compare(_ context.Context, pair domain.Pair) ([]reconcile.Difference, error) {
	r.asked = pair
	return []reconcile.Difference{aDifference(), disagreeing()}, r.fault
}

func (r *reconciler) Differences(_ context.Context, f reconcile.Filter, _, _ int) ([]reconcile.Difference, int, error) {
	r.asked = f
	return []reconcile.Difference{aDifference()}, 1, r.fault
}

func (r *reconciler) Repair(_ context.Context, _ uuid.UUID, of reconcile.Repair) (reconcile.Repaired, error) {
	r.asked, r.by = of, of.By
	return reconcile.Repaired{Steps: []reconcile.Step{{Action: "put", TypeSequence: 1, Why: "Because."}}, Difference: aDifference()}, r.fault
}

func (r *reconciler) Accept(_ context.Context, _ uuid.UUID, version int, decided reconcile.Decision) (reconcile.Difference, error) {
	r.asked, r.by = version, decided.By
	return aDifference(), r.fault
}

func (r *reconciler) Plan(_ context.Context, of reconcile.PlanRequest) (reconcile.RepairPlan, error) {
	r.asked, r.by = of, of.By
	return reconcile.RepairPlan{ID: "abc", Count: 1}, r.fault
}

func (r *reconciler) CarryOut(_ context.Context, _, by string) (reconcile.Outcome, error) {
	r.by = by
	return reconcile.Outcome{Count: 1, Failed: []reconcile.FailedRepair{{ID: uuid.New(), Why: "No."}}}, r.fault
}

func aRun() reconcile.Run {
	run := reconcile.Run{ID: uuid.MustParse(anID), Scope: "ALL", Status: "FAILED", RequestedAt: noon, StartedAt: noon, EndedAt: noon, Failure: "No.", Pairs: 2}
	run.Counts.PutUnchecked(reconcile.Column{Ours: 1, Union: 1}, "NOMIS does not answer.")
	run.Counts.Total = reconcile.Column{Ours: 1, Union: 1}
	return run
}

func aDifference() reconcile.Difference {
	ours := "a \"quoted\"\u0001 text"
	return reconcile.Difference{ID: uuid.MustParse(anID), Version: 3, Pair: domaintest.Pair, State: "OPEN", FirstSeen: noon, LastSeen: noon, Finding: store.Finding{
		TypeSequence: 1, Bucket: "differs", Why: "Because.", Cause: "UNKNOWN", Fields: []store.Field{{Field: "comment", Ours: &ours}},
	}}
}

func disagreeing() reconcile.Difference {
	d := aDifference()
	d.Fields[0].OfMirrors, d.Bucket, d.Problem = true, "mirrorsDisagree", "MIRRORS_DISAGREE"
	return d
}

func newReconciler(t *testing.T) (*testServer, *reconciler) {
	r := &reconciler{}
	return newTestServer(t, func(o *api.Options) { o.Reconcile = r }), r
}

// reconciling are all calls of reconciliation.
var reconciling = []struct{ method, path, body string }{
	{http.MethodPost, "/nomis/reconciliations", `{"scope":"ALL"}`},
	{http.MethodGet, "/nomis/reconciliations", ""},
	{http.MethodGet, "/nomis/reconciliations/" + anID, ""},
	{http.MethodGet, "/non-associations/reconciliation/A9109UD/ns/A0135GA", ""},
	{http.MethodGet, "/nomis/differences", ""},
	{http.MethodPost, "/nomis/differences/" + anID + "/repair", repairing},
	{http.MethodPost, "/nomis/differences/" + anID + "/accept", accepting},
	{http.MethodPost, "/nomis/differences/plan", planning},
	{http.MethodPost, "/nomis/differences/plan/abc", ""},
}

func TestReconciliation_isAnsweredAsDocumented(t *testing.T) {
	h, _ := newReconciler(t)
	for _, c := range reconciling {
		w := h.call(c.method, c.path, operator, c.body)
		require.Less(t, w.Code, 300, "%s %s: %s", c.method, c.path, w.Body)
	}
	require.Equal(t, http.StatusAccepted, h.call(http.MethodPost, "/nomis/reconciliations", operator, `{"scope":"TOUCHED"}`).Code)
	w := h.call(http.MethodGet, "/nomis/reconciliations/"+anID, operator, "")
	require.Contains(t, w.Body.String(), `"unchecked":{"ours":1,"theirs":0,"union":1}`)
	w = h.call(http.MethodGet, "/non-associations/reconciliation/a9109ud/ns/A0135GA", operator, "")
	require.Contains(t, w.Body.String(), `"fields":[{"field":"comment","ours":"a \"quoted\"\u0001 text","theirs":null}]`)
	require.Contains(t, w.Body.String(), `"forwards":"a \"quoted\"\u0001 text","backwards":null}]`)
}

func TestReconciliation_changesNeedTheScopeWrite(t *testing.T) {
	h, _ := newReconciler(t)
	for _, c := range reconciling {
		w := h.call(c.method, c.path, "OPERATOR:NON_ASSOCIATIONS_ADMIN", c.body)
		require.Equal(t, c.method == http.MethodPost, w.Code == http.StatusForbidden, "%s %s", c.method, c.path)
	}
}

func TestReconciliation_whereThereIsNoNOMISSaysSo(t *testing.T) {
	h := newTestServer(t)
	for _, c := range reconciling {
		w := h.call(c.method, c.path, operator, c.body)
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Contains(t, w.Body.String(), "NOMIS_API_URL")
		require.Equal(t, "1", w.Header().Get("Retry-After"))
	}
}

func TestReconciliation_refusalsHaveTheirStatus(t *testing.T) {
	for _, c := range []struct {
		fault  error
		status int
		words  string
	}{
		{reconcile.ErrNoDifference, http.StatusNotFound, "no such difference"},
		{reconcile.ErrStale, http.StatusConflict, "Read it again"},
		{reconcile.ImpossibleError{Why: "NOMIS refused: comment rejected value [secret]"}, http.StatusConflict, "NOMIS refused: comment"},
		{reconcile.ErrUnavailable, http.StatusServiceUnavailable, "cannot answer now"},
		{errors.New("broken"), http.StatusInternalServerError, "Unexpected"},
	} {
		for _, act := range []struct{ path, body string }{{"/repair", repairing}, {"/accept", accepting}} {
			h, r := newReconciler(t)
			r.fault = c.fault
			w := h.call(http.MethodPost, "/nomis/differences/"+anID+act.path, operator, act.body)
			require.Equal(t, c.status, w.Code)
			require.Contains(t, w.Body.String(), c.words)
			require.NotContains(t, w.Body.String(), "secret")
		}
	}
	h, r := newReconciler(t)
	r.fault = reconcile.ErrNoRun
	require.Equal(t, http.StatusNotFound, h.call(http.MethodGet, "/nomis/reconciliations/"+anID, operator, "").Code)
	r.fault = reconcile.ErrOtherPlan
	require.Equal(t, http.StatusConflict, h.call(http.MethodPost, "/nomis/differences/plan/abc", operator, "").Code)
	r.fault = reconcile.ErrNoPlan
	require.Equal(t, http.StatusNotFound, h.call(http.MethodPost, "/nomis/differences/plan/abc", operator, "").Code)
	r.fault = reconcile.ErrUnavailable
	require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodGet, "/non-associations/reconciliation/A9109UD/ns/A0135GA", operator, "").Code)
}

func TestReconciliation_everyBadValueIsNamed(t *testing.T) {
	for _, c := range []struct{ method, path, body, source string }{
		{http.MethodPost, "/nomis/reconciliations", `{}`, "/scope"},
		{http.MethodPost, "/nomis/reconciliations", `{"scope":"SOME"}`, "/scope"},
		{http.MethodPost, "/nomis/reconciliations", `{"scope":"PAIRS"}`, "/pairs"},
		{http.MethodPost, "/nomis/reconciliations", `{"scope":"ALL","pairs":[["A0135GA","A9109UD"]]}`, "/pairs"},
		{http.MethodPost, "/nomis/reconciliations", `{"scope":"PAIRS","pairs":[["A0135GA","A0135GA"]]}`, "/pairs/0"},
		{http.MethodPost, "/nomis/reconciliations", `{"scope":"PAIRS","pairs":[["A0135GA"]]}`, "/pairs/0"},
		{http.MethodPost, "/nomis/reconciliations", `{"scope":"ALL","allowUnchecked":1}`, "/allowUnchecked"},
		{http.MethodGet, "/nomis/reconciliations?page=-1", "", "page"},
		{http.MethodGet, "/nomis/reconciliations/x", "", "id"},
		{http.MethodGet, "/non-associations/reconciliation/x/ns/A0135GA", "", "firstPrisonerNumber"},
		{http.MethodGet, "/non-associations/reconciliation/A0135GA/ns/x", "", "secondPrisonerNumber"},
		{http.MethodGet, "/non-associations/reconciliation/A0135GA/ns/A0135GA", "", "secondPrisonerNumber"},
		{http.MethodGet, "/nomis/differences?state=GONE", "", "state"},
		{http.MethodGet, "/nomis/differences?bucket=x", "", "bucket"},
		{http.MethodGet, "/nomis/differences?problem=x", "", "problem"},
		{http.MethodGet, "/nomis/differences?cause=x", "", "cause"},
		{http.MethodGet, "/nomis/differences?pair=A0135GA", "", "pair"},
		{http.MethodGet, "/nomis/differences?size=0", "", "size"},
		{http.MethodPost, "/nomis/differences/x/repair", repairing, "id"},
		{http.MethodPost, "/nomis/differences/" + anID + "/repair", `{"from":"DPS","reason":"x"}`, "/version"},
		{http.MethodPost, "/nomis/differences/" + anID + "/repair", `{"version":0,"from":"DPS","reason":"x"}`, "/version"},
		{http.MethodPost, "/nomis/differences/" + anID + "/repair", `{"version":1,"from":"BOTH","reason":"x"}`, "/from"},
		{http.MethodPost, "/nomis/differences/" + anID + "/repair", `{"version":1,"from":"DPS","reason":" "}`, "/reason"},
		{http.MethodPost, "/nomis/differences/" + anID + "/repair", `{"version":1,"from":"DPS","reason":"x","dryRun":"yes"}`, "/dryRun"},
		{http.MethodPost, "/nomis/differences/" + anID + "/accept", `{"version":1}`, "/reason"},
		{http.MethodPost, "/nomis/differences/" + anID + "/accept", `{"version":1,"reason":"x","until":"2026-07-14"}`, "/until"},
		{http.MethodPost, "/nomis/differences/" + anID + "/accept", `{"version":1,"reason":"x","until":"soon"}`, "/until"},
		{http.MethodPost, "/nomis/differences/plan", `{"from":"DPS","reason":"x"}`, "/filter"},
		{http.MethodPost, "/nomis/differences/plan", `{"filter":{"state":"HEALED"},"from":"DPS","reason":"x"}`, "/filter/state"},
		{http.MethodPost, "/nomis/differences/plan", `{"filter":{"pair":["A0135GA","x"]},"from":"DPS","reason":"x"}`, "/filter/pair"},
	} {
		h, r := newReconciler(t)
		w := h.call(c.method, c.path, operator, c.body)
		require.Equal(t, http.StatusBadRequest, w.Code, "%s %s", c.path, c.body)
		require.Equal(t, []string{c.source}, errorIn(t, w).sources(), "%s %s", c.path, c.body)
		require.Nil(t, r.asked, "%s %s", c.path, c.body)
	}
}

func TestReconciliation_passesOnWhatWasAsked(t *testing.T) {
	h, r := newReconciler(t)
	h.call(http.MethodPost, "/nomis/reconciliations", operator, `{"scope":"PAIRS","pairs":[["a9109ud","A0135GA"]],"allowUnchecked":true}`)
	require.Equal(t, reconcile.Request{Scope: "PAIRS", Pairs: []domain.Pair{domaintest.Pair}, AllowUnchecked: true, By: "OPERATOR"}, r.asked)
	h.call(http.MethodGet, "/nomis/reconciliations?page=2&size=10", operator, "")
	require.Equal(t, []int{20, 10}, r.asked)
	h.call(http.MethodGet, "/nomis/differences?state=OPEN&bucket=held&problem=REFUSED&cause=UNKNOWN&pair=A9109UD,A0135GA", operator, "")
	require.Equal(t, reconcile.Filter{State: "OPEN", Bucket: "held", Problem: "REFUSED", Cause: "UNKNOWN", Pair: domaintest.Pair}, r.asked)
	h.call(http.MethodPost, "/nomis/differences/"+anID+"/repair", operator, `{"version":7,"from":"NOMIS","reason":"Checked","dryRun":true}`)
	require.Equal(t, reconcile.Repair{Version: 7, FromNOMIS: true, Reason: "Checked", By: "OPERATOR", DryRun: true}, r.asked)
	h.call(http.MethodPost, "/nomis/differences/plan", operator, `{"filter":{"pair":["A9109UD","A0135GA"],"cause":"UNKNOWN"},"from":"DPS","reason":"x","delete":true}`)
	require.Equal(t, reconcile.PlanRequest{Filter: reconcile.Filter{Cause: "UNKNOWN", Pair: domaintest.Pair}, Reason: "x", Delete: true, By: "OPERATOR"}, r.asked)
	r.by = ""
	h.call(http.MethodPost, "/nomis/differences/plan/abc", operator, "")
	require.Equal(t, "OPERATOR", r.by)
	h.call(http.MethodPost, "/nomis/differences/"+anID+"/accept", operator, `{"version":7,"reason":"Known","until":"2026-07-15"}`)
	require.Equal(t, 7, r.asked)
}
