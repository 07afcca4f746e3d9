package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCaseloads_bindNoTokenWithoutTheClaim: a system writes wherever prisoners are, and
// asks for a new non-association alone whether they are known.
func TestCaseloads_bindNoTokenWithoutTheClaim(t *testing.T) {
	h := newBoundServer(t)
	one, other := resident('N', 1), resident('O', 2)
	id := h.recorded(one, other)
	for _, a := range boundActs {
		asked := h.search.Asked()
		got := h.ask(a.method, a.path(id), a.unbound(), a.body(one, other))
		require.Equal(t, a.status, got.status, "%s: %s", a.name, got.body)
		require.Equal(t, a.name == "open", h.search.Asked() > asked, a.name)
		if a.name == "open" {
			id = idIn(t, got)
		}
	}
	for _, a := range boundActs { // no caseload at all is a claim too
		h.ask(a.method, a.path(id), a.boundTo("", "GLOBAL_SEARCH"), a.body(resident('C', 1), resident('C', 2))).
			refused(t, http.StatusForbidden, a.name)
	}
}

// TestCaseloads_whileTheDirectoryIsAway: each write is refused with a word when to come
// again, stores nothing and keeps its key; a 401 or 403 of the directory is no word about
// the user.
func TestCaseloads_whileTheDirectoryIsAway(t *testing.T) {
	for _, status := range []int{401, 403, 500, 503} {
		h := newBoundServer(t)
		one, other := resident('C', 1), resident('N', 2)
		id := h.recorded(one, other)
		// The directory has answered for both a moment ago: a right does not rest on that.
		amend := boundActs[0]
		require.Equal(t, 200, h.ask(amend.method, amend.path(id), amend.boundTo("XAA"), `{"comment":"First"}`).status)
		before := h.facts()
		for _, a := range boundActs {
			h.search.Refuse(status)
			name := http.StatusText(status) + " " + a.name
			got := h.ask(a.method, a.path(id), a.boundTo("XAA"), a.body(one, other), idempotencyKey, a.name)
			got.refused(t, http.StatusServiceUnavailable, name)
			require.NotEmpty(t, got.header.Get("Retry-After"), name)
			h.ask(a.method, a.path(id), a.boundTo("XAA"), a.body(one, other)+" ", idempotencyKey, a.name).
				refused(t, http.StatusUnprocessableEntity, name+": the key is kept")
			require.Equal(t, before, h.facts(), name)
			// One that succeeds keeps the circuit closed for the next.
			h.search.Refuse(0)
			h.ask(a.method, a.path(id), a.boundTo("ZZZ"), a.body(one, other)).refused(t, http.StatusForbidden, name)
		}
	}
}

// TestCaseloads_areJudgedInTheirPlace holds what comes before and behind.
func TestCaseloads_areJudgedInTheirPlace(t *testing.T) {
	h := newBoundServer(t)
	one, other := resident('N', 1), resident('N', 2)
	id := h.recorded(one, other)
	for _, a := range boundActs {
		elsewhere, body := a.boundTo("XAA"), a.body(one, other)
		path := a.path(id)
		require.Equal(t, 401, h.ask(a.method, path, "nobody", body).status, a.name)
		asked := h.search.Asked()
		wrongRole := strings.Replace(elsewhere, a.role, "READ_NON_ASSOCIATIONS,NON_ASSOCIATIONS", 1)
		h.ask(a.method, path, wrongRole, body).refused(t, http.StatusForbidden, a.name)
		h.ask(a.method, path, strings.Replace(elsewhere, ":write:", ":read:", 1), body).refused(t, http.StatusForbidden, a.name)
		require.Equal(t, 400, h.ask(a.method, path, elsewhere, `{"comment":7,"closedReason":7}`).status, a.name)
		require.Equal(t, asked, h.search.Asked(), "%s: refused before the directory is asked", a.name)

		// A stale If-Match, another one that is open and a record that is not closed come later.
		got := h.ask(a.method, path, elsewhere, body, "If-Match", `"0195d000-0000-7000-8000-000000000000.x"`, idempotencyKey, a.name)
		got.refused(t, http.StatusForbidden, a.name)
		require.Empty(t, got.header.Get("ETag"), a.name)
		// The 403 has freed the key, for another request too.
		h.ask(a.method, path, elsewhere, body+" ", idempotencyKey, a.name).refused(t, http.StatusForbidden, a.name)
	}
	open := boundActs[4]
	got := h.ask(open.method, open.path(""), open.boundTo("XAA"), open.body(one, "Z9999ZZ"))
	require.Equal(t, 404, got.status, "an unknown prisoner comes first")
	require.Contains(t, got.body, "Z9999ZZ")
	amend := boundActs[0]
	require.Equal(t, 404, h.ask(amend.method, amend.path("0195d000-0000-7000-8000-000000000000"), amend.boundTo("XAA"), `{"comment":"x"}`).status)
	require.Equal(t, 1, h.facts())
}

// TestCaseloads_ofARepeat: what was done under a key is answered again, wherever the
// prisoners are by then, and without the directory.
func TestCaseloads_ofARepeat(t *testing.T) {
	h := newBoundServer(t)
	open := boundActs[4]
	body := open.body(resident('C', 1), resident('N', 2))
	first := h.ask(open.method, open.path(""), open.boundTo("XAA"), body, idempotencyKey, "k")
	require.Equal(t, 201, first.status, first.body)
	asked := h.search.Asked()
	again := h.ask(open.method, open.path(""), open.boundTo("XAC"), body, idempotencyKey, "k")
	require.Equal(t, first.status, again.status)
	require.Equal(t, first.body, again.body)
	require.Equal(t, asked, h.search.Asked())
}

// TestCaseloads_doNotBindNOMIS: the claim is for staff alone.
func TestCaseloads_doNotBindNOMIS(t *testing.T) {
	h := newBoundServer(t)
	token := "NOMIS_SYNC:NON_ASSOCIATIONS_SYNC::XAA"
	body := strings.Replace(request(item(string(resident('N', 2)), "2021-01-01T00:00:00", "")), "A9109UD", string(resident('N', 1)), 1)
	require.Equal(t, 200, h.ask(http.MethodPost, "/sync", token, body).status)
	require.Zero(t, h.search.Asked())
}
