package api_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/commands/idempotency"
	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
	"nonassociations/queries/directory"
	"nonassociations/web/api"
)

// boundPlaces are the places of the grid in its order. P and Q are restricted patients of
// the caseload XAA and of another prison.
const boundPlaces = "CNTOUPQ"

// residents has two prisoners for each place: number 1 and number 2.
func residents() prisoners {
	at := map[rune]estate.Prisoner{
		'C': {PrisonID: "XAA"}, 'N': {PrisonID: "XAB"}, 'T': {PrisonID: "TRN"}, 'O': {PrisonID: "OUT"}, 'U': {},
		'P': {PrisonID: "OUT", RestrictedPatient: true, SupportingPrisonID: "XAA"},
		'Q': {PrisonID: "OUT", RestrictedPatient: true, SupportingPrisonID: "XAB"},
	}
	everybody := prisoners{}
	for place, p := range at {
		for i := 1; i <= 2; i++ {
			p.Number = resident(place, i)
			everybody[p.Number] = p
		}
	}
	return everybody
}

func resident(place rune, i int) domain.PrisonerNumber {
	return domain.PrisonerNumber(fmt.Sprintf("%c000%dAA", place, i))
}

// boundServer serves the API over HTTP, with the directory and the keys of production.
type boundServer struct {
	*testServer

	search *prisonersearch.Server
	url    string
	client *http.Client
}

func newBoundServer(t *testing.T) *boundServer {
	t.Helper()
	dsn := keyTables.New(t)
	keys, err := idempotency.Open(t.Context(), dsn, idempotency.Options{Clock: clock})
	require.NoError(t, err)
	search, err := prisonersearch.Serve(t.Context(), residents())
	require.NoError(t, err)
	people := directory.New(t.Context(), directory.Options{URL: search.URL(), Clock: time.Now})
	h := &boundServer{testServer: newTestServer(t), search: search, client: &http.Client{Transport: &http.Transport{}}}
	h.API = api.New(api.Options{
		Commands: commands.New(h.store, commands.Options{
			Clock: clock, Locator: h.reads, Directory: people, Keys: keys, Timeout: 5 * time.Second,
		}),
		Reads: h.reads, Verifier: tokens{}, Clock: clock, Version: "test",
	})
	server := httptest.NewServer(h.API)
	h.url = server.URL
	t.Cleanup(func() {
		h.client.CloseIdleConnections()
		server.Close()
		people.Close()
		require.NoError(t, search.Stop())
		keys.Close()
	})
	return h
}

// answered is an answer that came over HTTP.
type answered struct {
	status int
	header http.Header
	body   string
}

// ask sends a request over HTTP, and holds the answer to the OpenAPI document.
func (h *boundServer) ask(method, path, token, body string, headers ...string) answered {
	h.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, h.url+path, strings.NewReader(body))
	require.NoError(h.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := h.client.Do(r)
	require.NoError(h.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(h.t, err)
	documented(h.t, method, path, response, text)
	return answered{response.StatusCode, response.Header, string(text)}
}

// refused requires an answer without an error code.
func (a answered) refused(t testing.TB, status int, name string) {
	t.Helper()
	require.Equal(t, status, a.status, "%s: %s", name, a.body)
	require.Contains(t, a.body, `"errorCode":null`, name)
}

// recorded has NOMIS record two prisoners, and returns the id of the record.
func (h *boundServer) recorded(one, other domain.PrisonerNumber) string {
	h.t.Helper()
	w := h.sync(strings.Replace(request(item(string(other), "2021-01-01T00:00:00", "")), "A9109UD", string(one), 1))
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	return toldIn(h.t, w).Results[0].NonAssociationID
}

// act is one of the five staff writes.
type act struct {
	name, method, role string
	path               func(id string) string
	body               func(one, other domain.PrisonerNumber) string
	status             int // when it is done
}

func always(body string) func(one, other domain.PrisonerNumber) string {
	return func(_, _ domain.PrisonerNumber) string { return body }
}

// boundActs are the five in an order in which each can follow the one before.
var boundActs = []act{
	{"amend", http.MethodPatch, "WRITE_NON_ASSOCIATIONS", func(id string) string { return "/non-associations/" + id }, always(`{"comment":"Changed"}`), 200},
	{"close", http.MethodPut, "WRITE_NON_ASSOCIATIONS", func(id string) string { return "/non-associations/" + id + "/close" }, always(closing), 200},
	{"reopen", http.MethodPut, "REOPEN_NON_ASSOCIATIONS", func(id string) string { return "/non-associations/" + id + "/reopen" }, always(reopening), 200},
	{"delete", http.MethodPost, "DELETE_NON_ASSOCIATIONS", func(id string) string { return "/non-associations/" + id + "/delete" }, always(deletion), 204},
	{"open", http.MethodPost, "WRITE_NON_ASSOCIATIONS", func(string) string { return "/non-associations" }, func(one, other domain.PrisonerNumber) string {
		return strings.NewReplacer("A9109UD", string(one), "A0135GA", string(other)).Replace(newOne)
	}, 201},
}

// boundTo is a token with the claim caseloads.
func (a act) boundTo(caseloads string, more ...string) string {
	return "OFFICER:" + strings.Join(append([]string{a.role}, more...), ",") + ":write:" + caseloads
}

func (a act) unbound() string { return "SYSTEM:" + a.role + ":write" }

// boundGrid says for each set of further roles which cells may be written: the rows in
// the order of boundPlaces, in each row the places of the other prisoner from the row's
// own on. G is GLOBAL_SEARCH, I INACTIVE_BOOKINGS and M POM.
var boundGrid = map[string]string{
	"":    "yyyynyy nnnnnn nnnnn nnnn nnn nn n",
	"G":   "yyyynyy nnnnnn ynnnn nnnn nnn nn n",
	"I":   "yyyynyy nnnnyy nnnyy ynyy nnn yy y",
	"M":   "yyyynyy nnnnyn nnnyn nnyn nnn yy n",
	"GI":  "yyyynyy nnnnyy yynyy ynyy nnn yy y",
	"GM":  "yyyynyy nnnnyn ynnyn nnyn nnn yy n",
	"IM":  "yyyynyy nnnnyy nnnyy ynyy nnn yy y",
	"GIM": "yyyynyy nnnnyy yynyy ynyy nnn yy y",
}

// TestCaseloads_everyCellOfEveryWrite walks the five writes over every pair of places
// for every set of roles.
func TestCaseloads_everyCellOfEveryWrite(t *testing.T) {
	h := newBoundServer(t)
	extras := map[rune]string{'G': "GLOBAL_SEARCH", 'I': "INACTIVE_BOOKINGS", 'M': "POM"}
	for i, place := range boundPlaces {
		for k, otherPlace := range boundPlaces[i:] {
			one, other := resident(place, 1), resident(otherPlace, 2)
			id := h.recorded(one, other)
			for set, rows := range boundGrid {
				var more []string
				for _, letter := range set {
					more = append(more, extras[letter])
				}
				cell := fmt.Sprintf("%s-%s %q", one, other, set)
				if strings.Fields(rows)[i][k] == 'y' {
					id = h.mayDoAll(cell, id, one, other, more)
				} else {
					h.mayDoNothing(cell, id, one, other, more)
				}
			}
		}
	}
}

// mayDoAll does the five acts, and returns the id of the record that is open then.
func (h *boundServer) mayDoAll(cell, id string, one, other domain.PrisonerNumber, more []string) string {
	h.t.Helper()
	for _, a := range boundActs {
		// The order of the two does not matter, so the new one names them the other way round.
		got := h.ask(a.method, a.path(id), a.boundTo("XAA,XAC", more...), a.body(other, one))
		require.Equal(h.t, a.status, got.status, "%s: %s: %s", cell, a.name, got.body)
		if a.name == "open" {
			id = idIn(h.t, got)
		}
	}
	return id
}

// mayDoNothing requires that none of the acts is done. Of a new one with somebody who is
// in no known prison the directory's own refusal comes first.
func (h *boundServer) mayDoNothing(cell, id string, one, other domain.PrisonerNumber, more []string) {
	h.t.Helper()
	before := h.facts()
	for _, a := range boundActs {
		got := h.ask(a.method, a.path(id), a.boundTo("XAA,XAC", more...), a.body(one, other))
		if a.name == "open" && (one[0] == 'U' || other[0] == 'U') {
			require.Equal(h.t, 409, got.status, cell)
			require.Contains(h.t, got.body, `"errorCode":103`, cell)
			continue
		}
		got.refused(h.t, http.StatusForbidden, cell+" "+a.name)
	}
	require.Equal(h.t, before, h.facts(), cell)
}

func idIn(t testing.TB, got answered) string {
	t.Helper()
	_, rest, found := strings.Cut(got.body, `"id":"`)
	require.True(t, found, got.body)
	return rest[:36]
}
