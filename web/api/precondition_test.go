package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStaleWrite_isRefusedWithTheCurrentTag(t *testing.T) {
	h := newStaffServer(t)
	id, seen := h.opened()
	require.Regexp(t, `^"[0-9a-f-]{36}\.[A-Za-z0-9_-]+"$`, seen)
	w := h.amend(id, `{"comment":"first"}`, "If-Match", seen)
	require.Equal(t, http.StatusOK, w.Code)
	current := w.Header().Get("ETag")

	for name, c := range map[string]func(...string) (int, string, int){
		"amend":  h.as(h.amend, id, `{"comment":"second"}`),
		"close":  h.as(h.close, id, closing),
		"reopen": h.as(h.reopen, id, reopening),
		"delete": h.as(h.remove, id, deletion),
	} {
		status, etag, code := c("If-Match", seen)
		require.Equal(t, http.StatusPreconditionFailed, status, name)
		require.Equal(t, current, etag, name)
		require.Zero(t, code)
	}
	require.Equal(t, 2, h.facts())

	// The part behind the dot is of the day, not of the record.
	fact, _, _ := strings.Cut(current, ".")
	w = h.amend(id, `{"comment":"second"}`, "If-Match", fact+`.another"`)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, http.StatusOK, h.close(id, closing, "If-Match", "*").Code)
	_, etag, _ := h.as(h.amend, id, `{}`)("If-Match", seen)
	require.NotEmpty(t, etag, "stale comes before closed")
}

// as reports status, entity tag and error code of a call.
func (h *staffServer) as(call func(id, body string, headers ...string) *recorder, id, body string) func(...string) (int, string, int) {
	return func(headers ...string) (int, string, int) {
		h.t.Helper()
		w := call(id, body, headers...)
		return w.Code, w.Header().Get("ETag"), errorIn(h.t, w).code()
	}
}

func TestIfMatch_thatIsNoTag(t *testing.T) {
	h := newStaffServer(t)
	id, seen := h.opened()
	for _, bad := range []string{"x", seen[1:], seen[:len(seen)-1], "", " ", ",", " , ", `W/`, `w/"a"`, `W/ "a"`, `"a b"`, "*, *", seen + ", *", "*, " + seen, seen + seen, seen + ";" + seen, seen + ", x", seen + `, "`, "\"a\x7f\"", manyTags(maxTags + 1)} {
		w := h.amendIf(id, `{"comment":"x"}`, bad)
		require.Equal(t, http.StatusBadRequest, w.Code, bad)
		require.Equal(t, []string{"If-Match"}, errorIn(t, w).sources(), bad)
	}
	for _, strange := range []string{
		`""`, `"a"`, `"a.b"`, "W/" + seen, `"` + anID + `"`, `"00000000-0000-0000-0000-000000000000.x"`,
		`"a", "b"`, "W/" + seen + `, "b"`, `"a,` + seen[1:], manyTags(maxTags),
	} {
		require.Equal(t, http.StatusPreconditionFailed, h.amend(id, `{"comment":"x"}`, "If-Match", strange).Code, strange)
	}
	require.Equal(t, http.StatusNotFound, h.amend(anID, `{}`, "If-Match", seen).Code)
	require.Equal(t, http.StatusNotFound, h.amend(anID, `{}`, "If-Match", "*").Code)

	other := strings.ReplaceAll(newOne, "A0135GA", "B1111BB")
	w := h.call(http.MethodPost, "/non-associations", writer, other, "If-Match", seen)
	require.Equal(t, http.StatusPreconditionFailed, w.Code, "a new one matches nothing")
	require.Equal(t, http.StatusCreated, h.call(http.MethodPost, "/non-associations", writer, other, "If-Match", "*").Code)
}

// maxTags is how many tags If-Match may hold.
const maxTags = 64

// manyTags are that many that match nothing.
func manyTags(count int) string {
	return strings.TrimSuffix(strings.Repeat(`"`+anID+`",`, count), ",")
}

// amendIf sends what may be an empty header, over several lines.
func (h *staffServer) amendIf(id, body string, lines ...string) *recorder {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodPatch, "/non-associations/"+id, strings.NewReader(body))
	r.Header = http.Header{"Authorization": {"Bearer " + writer}, "Content-Type": {"application/json"}, "If-Match": lines}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestOne_ofTheTagsThatIfMatchHoldsIsEnough(t *testing.T) {
	h := newStaffServer(t)
	id, seen := h.opened()
	first := seen
	for i, lines := range [][]string{
		{`"a", SEEN`},
		{`SEEN,"a"`},
		{`SEEN , SEEN`},
		{`, ,SEEN,,`},
		{"\t\"a\"\t,\tSEEN\t"},
		{`W/"a", SEEN, W/SEEN`},
		{`"a"`, `SEEN`},
		{`SEEN`, ``},
		{``, `"a,b", SEEN`},
		{`"", SEEN`},
		{`"a,*,b", SEEN`},
		{manyTags(maxTags-1) + ",SEEN"},
	} {
		for j := range lines {
			lines[j] = strings.ReplaceAll(lines[j], "SEEN", seen)
		}
		w := h.amendIf(id, `{"comment":"`+itoa(i)+`"}`, lines...)
		require.Equal(t, http.StatusOK, w.Code, "%q: %s", lines, w.Body)
		stale := h.amendIf(id, `{"comment":"stale"}`, lines...)
		require.Equal(t, http.StatusPreconditionFailed, stale.Code, "%q", lines)
		seen = w.Header().Get("ETag")
		require.Equal(t, seen, stale.Header().Get("ETag"))
	}
	require.Equal(t, http.StatusPreconditionFailed, h.amendIf(id, `{"comment":"stale"}`, first).Code)
	for name, c := range map[string]func(...string) (int, string, int){
		"close":  h.as(h.close, id, closing),
		"reopen": h.as(h.reopen, id, reopening),
		"delete": h.as(h.remove, id, deletion),
	} {
		status, etag, _ := c("If-Match", first+`, "a"`)
		require.Equal(t, http.StatusPreconditionFailed, status, name)
		require.Equal(t, seen, etag, name)
	}
	require.Equal(t, http.StatusOK, h.close(id, closing, "If-Match", first+", "+seen).Code)
}

func TestTag_thatTheCallerHoldsDoesNotChangeTheAnswerToAWrite(t *testing.T) {
	h := newStaffServer(t)
	id, seen := h.opened()
	require.Equal(t, http.StatusOK, h.amend(id, `{}`, "If-None-Match", seen).Code)
	require.Equal(t, http.StatusPreconditionFailed, h.amend(id, `{}`, "If-Match", `"a"`, "If-None-Match", "*").Code)
}

func TestRace_ofTwoClientsOnOneRecord(t *testing.T) {
	h := newStaffServer(t)
	id, seen := h.opened()
	for range 20 {
		var all sync.WaitGroup
		answers := make([]*recorder, 4)
		for i := range answers {
			body := `{"comment":"by ` + itoa(i) + ` after ` + seen[1:9] + `"}`
			all.Go(func() { answers[i] = h.amend(id, body, "If-Match", seen) })
		}
		all.Wait()
		won := map[int]int{}
		for _, w := range answers {
			won[w.Code]++
			if w.Code == http.StatusOK {
				seen = w.Header().Get("ETag")
			}
		}
		require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusPreconditionFailed: 3}, won)
		for _, w := range answers {
			require.Equal(t, seen, w.Header().Get("ETag"), "losers learn the winner's")
		}
	}
	require.Equal(t, 21, h.facts())
}

func TestRace_ofTwoClientsToOpenOnePair(t *testing.T) {
	h := newStaffServer(t)
	var all sync.WaitGroup
	answers := make([]*recorder, 8)
	for i := range answers {
		body := newOne
		if i%2 == 1 {
			body = strings.NewReplacer("A9109UD", "A0135GA", "A0135GA", "A9109UD").Replace(newOne)
		}
		all.Go(func() { answers[i] = h.call(http.MethodPost, "/non-associations", writer, body) })
	}
	all.Wait()
	won := map[int]int{}
	for _, w := range answers {
		won[w.Code]++
	}
	require.Equal(t, map[int]int{http.StatusCreated: 1, http.StatusConflict: 7}, won)
	require.Equal(t, 1, h.facts())
}
