package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/nomis"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/reconcile"
	"nonassociations/nomis/store"
	"nonassociations/queries"
	"nonassociations/web/api"
)

const (
	dossierPath     = "/nomis/pairs/A9109UD/A0135GA"
	synchronisePath = dossierPath + "/synchronise"
)

// dossiers answer as they are told, and note what they were asked.
type dossiers struct {
	fault  error
	found  nomis.Dossier
	asked  []domain.Pair
	dryRun bool
}

func (d *dossiers) Dossier(_ context.Context, pair domain.Pair) (nomis.Dossier, error) {
	d.asked = append(d.asked, pair)
	return d.found, d.fault
}

func (d *dossiers) Synchronise(_ context.Context, pair domain.Pair, dryRun bool) (nomis.Synchronised, error) {
	d.asked, d.dryRun = append(d.asked, pair), dryRun
	return nomis.Synchronised{Steps: []plan.Step{{Action: plan.Post, NonAssociationID: uuid.MustParse(anID), Why: "Because."}}, Dossier: d.found}, d.fault
}

// aDossier has something of everything.
func aDossier() nomis.Dossier {
	id, sequence, comment, since := uuid.MustParse(anID), 2, "a \"quoted\"\u0001 text", noon.Add(-time.Hour)
	detail := domain.Detail{
		TypeSequence: &sequence, TypeCode: domain.TypeWing, EffectiveDate: "2021-07-05", Comment: &comment,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{"A0135GA": domain.CodeVictim, "A9109UD": domain.CodePerpetrator},
	}
	return nomis.Dossier{
		Pair: domaintest.Pair,
		Ours: []nomis.DossierRecord{{ID: id, Detail: detail, Delivery: queries.Delivery{
			NonAssociationID: id, Pair: domaintest.Pair, EffectiveDay: "2021-07-05", TypeSequence: &sequence, DiffersSince: &since,
		}}},
		Theirs: nomis.DossierTheirs{Read: true, Rows: nomis.Rows{Forwards: []nomis.Row{{
			OffenderNo: "A0135GA", NSOffenderNo: "A9109UD", TypeSequence: 2, Reason: "VIC", Type: "ODD", EffectiveDate: "2021-07-05", Comment: &comment,
		}}}},
		Mapping: []domain.MappingPeriod{{ID: id, TypeSequence: 1, Since: since, Until: noon}, {ID: id, TypeSequence: 2, Since: noon}},
		Plan: &plan.Plan{
			Steps:    []plan.Step{{Action: plan.Take, Why: "NOMIS holds more."}},
			Problems: []plan.Problem{{Kind: plan.NotHoldable, TypeSequence: 3, Why: "NOMIS has no date."}},
		},
		Differences: []store.Difference{aDifference()},
	}
}

func newDossiers(t *testing.T, change ...func(*api.Options)) (*testServer, *dossiers) {
	d := &dossiers{found: aDossier()}
	return newTestServer(t, append(change, func(o *api.Options) { o.Dossiers = d })...), d
}

// aboutPairs are both calls.
var aboutPairs = []struct{ method, path string }{{http.MethodGet, dossierPath}, {http.MethodPost, synchronisePath}}

func TestDossier_isAnsweredAsDocumented(t *testing.T) {
	h, d := newDossiers(t)
	w := h.call(http.MethodGet, "/nomis/pairs/a9109ud/A0135GA", operator, "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Equal(t, []domain.Pair{domaintest.Pair}, d.asked)
	body := w.Body.String()
	require.Contains(t, body, `{"pair":["A0135GA","A9109UD"],"ours":[{"authorisedBy":null,"comment":"a \"quoted\"\u0001 text","effectiveDate":"2021-07-05",`+
		`"expiryDate":null,"reasonCodes":{"A0135GA":"VIC","A9109UD":"PER"},"typeCode":"WING","typeSequence":2,"nonAssociationId":"`+anID+`","state":"OPEN","delivery":{"state":"PENDING"`)
	require.Contains(t, body, `"theirs":{"read":true,"forwards":[{"offenderNo":"A0135GA","nsOffenderNo":"A9109UD","typeSequence":2,"reason":"VIC","type":"ODD",`)
	require.Contains(t, body, `"backwards":[]}`)
	require.Contains(t, body, `"mapping":[{"nonAssociationId":"`+anID+`","typeSequence":1,"since":"2026-07-15T11:00:00+00:00","until":"2026-07-15T12:00:00+00:00"},`)
	require.Contains(t, body, `"since":"2026-07-15T12:00:00+00:00","until":null}]`)
	require.Contains(t, body, `"plan":{"steps":[{"step":"take","nonAssociationId":null,"typeSequence":null,"why":"NOMIS holds more."}],`+
		`"problems":[{"problem":"NOT_HOLDABLE","nonAssociationId":null,"typeSequence":3,"why":"NOMIS has no date."}]},"differences":[{"id":`)

	for range 20 {
		require.Equal(t, body, h.call(http.MethodGet, dossierPath, operator, "").Body.String(), "the same is always the same text")
	}

	d.found.Theirs, d.found.Plan = nomis.DossierTheirs{Why: "NOMIS does not answer."}, nil
	d.found.Ours[0].Closed = true
	body = h.call(http.MethodGet, dossierPath, operator, "").Body.String()
	require.Contains(t, body, `"theirs":{"read":false,"why":"NOMIS does not answer."},`, "no list says that NOMIS holds nothing")
	require.Contains(t, body, `"plan":null`)
	require.Contains(t, body, `"state":"CLOSED"`)

	d.found = nomis.Dossier{Pair: domaintest.Pair, Theirs: nomis.DossierTheirs{Read: true}, Plan: &plan.Plan{}}
	require.Equal(t, `{"pair":["A0135GA","A9109UD"],"ours":[],"theirs":{"read":true,"forwards":[],"backwards":[]},"mapping":[],"plan":{"steps":[],"problems":[]},"differences":[]}`,
		h.call(http.MethodGet, dossierPath, operator, "").Body.String())
}

func TestDossier_hasTheOpenProblemsInTheDeliveries(t *testing.T) {
	found := &planted{Findings: nomis.Findings{Problem: &nomis.FoundProblem{Problem: "REFUSED", Why: "No.", Since: noon}, AlsoOpen: []int{7}}}
	h, _ := newDossiers(t, func(o *api.Options) { o.Problems = found })
	require.Contains(t, h.call(http.MethodGet, dossierPath, operator, "").Body.String(),
		`"alsoOpenInNOMIS":[7],"problem":{"problem":"REFUSED","why":"No.","since":"2026-07-15T12:00:00+00:00"}}`)
	found.err = errors.New("broken")
	for _, c := range aboutPairs {
		require.Equal(t, http.StatusServiceUnavailable, h.call(c.method, c.path, operator, "").Code)
	}
}

func TestSynchronise_saysWhatWasDone(t *testing.T) {
	h, d := newDossiers(t)
	for query, dry := range map[string]bool{"": false, "?dryRun=false": false, "?dryRun=true": true} {
		w := h.call(http.MethodPost, synchronisePath+query, operator, "")
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		require.Equal(t, dry, d.dryRun)
		require.Contains(t, w.Body.String(), `{"steps":[{"step":"post","nonAssociationId":"`+anID+`","typeSequence":null,"why":"Because."}],"dossier":{"pair":`)
	}
}

func TestDossier_whereThereIsNoNOMISSaysSo(t *testing.T) {
	h := newTestServer(t)
	for _, c := range aboutPairs {
		w := h.call(c.method, c.path, operator, "")
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Contains(t, w.Body.String(), "NOMIS_API_URL")
		require.NotEmpty(t, w.Header().Get("Retry-After"))
	}
}

func TestSynchronise_needsTheScopeWrite(t *testing.T) {
	h, d := newDossiers(t)
	const without = "OPERATOR:NON_ASSOCIATIONS_ADMIN"
	require.Equal(t, http.StatusForbidden, h.call(http.MethodPost, synchronisePath, without, "").Code)
	require.Equal(t, http.StatusForbidden, h.call(http.MethodPost, synchronisePath+"?dryRun=true", without, "").Code)
	require.Nil(t, d.asked)
	require.Equal(t, http.StatusOK, h.call(http.MethodGet, dossierPath, without, "").Code)
}

func TestDossier_everyBadValueIsNamed(t *testing.T) {
	for path, source := range map[string]string{
		"/nomis/pairs/x/A0135GA":                               "firstPrisonerNumber",
		"/nomis/pairs/A0135GA/A0135G":                          "secondPrisonerNumber",
		"/nomis/pairs/A0135GA/a0135ga":                         "secondPrisonerNumber",
		"/nomis/pairs/A0135GA/%3Cx%3E":                         "secondPrisonerNumber",
		"/nomis/pairs/A0135GA/A9109UD?dryRun=yes":              "dryRun",
		"/nomis/pairs/A0135GA/A9109UD?dryRun=":                 "dryRun",
		"/nomis/pairs/A0135GA/A9109UD?dryRun=true&dryRun=true": "dryRun",
	} {
		h, d := newDossiers(t)
		before, query, asks := strings.Cut(path, "?")
		if asks {
			query = "?" + query
		}
		w := h.call(http.MethodPost, before+"/synchronise"+query, operator, "")
		require.Equal(t, http.StatusBadRequest, w.Code, path)
		require.Equal(t, []string{source}, errorIn(t, w).sources(), path)
		if query == "" {
			w = h.call(http.MethodGet, path, operator, "")
			require.Equal(t, http.StatusBadRequest, w.Code, path)
			require.Equal(t, []string{source}, errorIn(t, w).sources(), path)
		}
		require.Nil(t, d.asked, path)
	}
}

// A turn that is not taken says why, and nothing that NOMIS or a driver said.
func TestSynchronise_refusalsHaveTheirStatus(t *testing.T) {
	for _, c := range []struct {
		fault  error
		status int
		words  string
	}{
		{fmt.Errorf("take a turn: %w", &nomis.NotNowError{Why: "NOMIS does not answer."}), http.StatusServiceUnavailable, "NOMIS does not answer."},
		{domain.Refusal{Code: domain.CodeInvalid, Field: "secret", Message: "it has too many"}, http.StatusConflict, "refuses what NOMIS holds: it has too many."},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, "cannot answer now"},
		{errors.New("secret"), http.StatusInternalServerError, "Unexpected"},
	} {
		h, d := newDossiers(t)
		d.fault = c.fault
		w := h.call(http.MethodPost, synchronisePath, operator, "")
		require.Equal(t, c.status, w.Code)
		require.Contains(t, w.Body.String(), c.words)
		require.NotContains(t, w.Body.String(), "secret")
	}
	h, d := newDossiers(t)
	d.fault = reconcile.ErrUnavailable
	require.Equal(t, http.StatusInternalServerError, h.call(http.MethodGet, dossierPath, operator, "").Code)
}

func TestDossier_ofARemovedNumberRedirects(t *testing.T) {
	h, d := newDossiers(t)
	get := func(path string) *httptest.ResponseRecorder {
		return h.call(http.MethodGet, "/nomis/pairs/"+path, operator, "")
	}
	h.told("A9109UD", "A0135GA", "")
	h.merge("A9109UD", "C1234CC")
	for path, location := range map[string]string{
		"A9109UD/A0135GA":     "C1234CC/A0135GA",
		"a0135ga/a9109ud?x=%": "A0135GA/C1234CC?x=%",
	} {
		w := get(path)
		require.Equal(t, http.StatusMovedPermanently, w.Code, path)
		require.Equal(t, "/nomis/pairs/"+location, w.Header().Get("Location"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.Contains(t, w.Body.String(), `"A9109UD is now C1234CC"`)
	}
	h.merge("A0135GA", "D1234DD")
	require.Equal(t, "/nomis/pairs/C1234CC/D1234DD", get("A9109UD/A0135GA").Header().Get("Location"))
	require.Nil(t, d.asked)
	require.Equal(t, http.StatusOK, get("C1234CC/A9109UD").Code, "two numbers of one prisoner are no pair to lead to")
	require.Equal(t, http.StatusOK, h.call(http.MethodPost, synchronisePath, operator, "").Code, "a turn is taken as it was asked")
	require.Equal(t, domaintest.Pair, d.asked[1])

	h.told("A9109UD", "B1234BB", "")
	require.Equal(t, "/nomis/pairs/A9109UD/D1234DD", get("A9109UD/A0135GA").Header().Get("Location"), "a live record stands under it")
}
