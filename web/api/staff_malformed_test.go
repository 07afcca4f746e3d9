package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// staffCalls are the staff writes with a body that is accepted, given an id.
var staffCalls = map[string]struct{ method, path, token, body string }{
	"open":   {http.MethodPost, "/non-associations", writer, newOne},
	"amend":  {http.MethodPatch, "/non-associations/" + anID, writer, `{"firstPrisonerRole":"VICTIM","secondPrisonerRole":"VICTIM","reason":"OTHER","restrictionType":"WING","comment":"x"}`},
	"close":  {http.MethodPut, "/non-associations/" + anID + "/close", writer, `{"closedReason":"x","closedAt":"2026-01-01T00:00:00","closedBy":"X"}`},
	"reopen": {http.MethodPut, "/non-associations/" + anID + "/reopen", admin, `{"reopenReason":"x","reopenedAt":"2026-01-01T00:00:00","reopenedBy":"X"}`},
	"delete": {http.MethodPost, "/non-associations/" + anID + "/delete", admin, deletion},
}

// badWords are values that the fields of staff refuse; <absent> leaves the
// field out.
var badWords = map[string][]any{
	"open firstPrisonerNumber":               {"", "A123BC", " A1234BC", "A1234BCD", 7, nil, "<absent>"},
	"open secondPrisonerNumber":              {"1234567", []string{}, "A9109UD", "a9109ud", nil, "<absent>"},
	"open firstPrisonerRole":                 {"victim", "VIC", "", 1, nil, "<absent>"},
	"open secondPrisonerRole":                {"VICTIM ", true, nil, "<absent>"},
	"open reason":                            {"BUL", "bullying", "", nil, "<absent>"},
	"open restrictionType":                   {"LAND", "TNA", "", nil, "<absent>"},
	"open comment":                           {"", " \t\n\u00a0", strings.Repeat("é", 241), "a\u0000", 7, nil, "<absent>"},
	"amend firstPrisonerRole":                {"victim", ""},
	"amend secondPrisonerRole":               {"X", 1},
	"amend reason":                           {"x", ""},
	"amend restrictionType":                  {"x", map[string]int{}},
	"amend comment":                          {"", "  ", strings.Repeat("x", 241), "\u009f"},
	"close closedReason":                     {"", " ", strings.Repeat("x", 241), false, nil, "<absent>"},
	"close closedAt":                         {"", "2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.1", "2026-02-30T00:00:00", 1},
	"close closedBy":                         {"", " ", strings.Repeat("x", 61), 1},
	"reopen reopenReason":                    {"", " ", strings.Repeat("x", 241), nil, "<absent>"},
	"reopen reopenedAt":                      {"now", "2026-01-01T24:00:00"},
	"reopen reopenedBy":                      {"", strings.Repeat("é", 61)},
	"delete deletionReason":                  {"", "\n", strings.Repeat("x", 241), nil, "<absent>"},
	"delete staffUserNameRequestingDeletion": {"", " ", strings.Repeat("x", 61), []int{1}, nil, "<absent>"},
}

func TestBadWords_ofStaffAreNamedByPointer(t *testing.T) {
	h := newStaffServer(t)
	for at, values := range badWords {
		call, field, _ := strings.Cut(at, " ")
		for _, value := range values {
			c := staffCalls[call]
			var body map[string]any
			require.NoError(t, json.Unmarshal([]byte(c.body), &body))
			body[field] = value
			if value == "<absent>" {
				delete(body, field)
			}
			text, err := json.Marshal(body)
			require.NoError(t, err)
			w := h.call(c.method, c.path, c.token, string(text))
			require.Equal(t, http.StatusBadRequest, w.Code, "%s %v", at, value)
			require.Equal(t, 102, errorIn(t, w).code())
			require.Equal(t, []string{"/" + field}, errorIn(t, w).sources(), "%s %v", at, value)
		}
	}
	require.Zero(t, h.facts())
	require.Zero(t, h.people.asked.Load())
}

func TestLimits_ofStaffTextAreReachable(t *testing.T) {
	h := newStaffServer(t)
	long, name := strings.Repeat("é", 240), strings.Repeat("é", 60)
	w := h.call(http.MethodPost, "/non-associations", writer, strings.Replace(newOne, "They keep fighting", long, 1))
	id := staffIn(t, w, http.StatusCreated).ID
	require.Equal(t, http.StatusOK, h.close(id, `{"closedReason":"`+long+`","closedBy":"`+name+`"}`).Code)
	require.Equal(t, http.StatusOK, h.reopen(id, `{"reopenReason":"`+long+`","reopenedBy":"`+name+`"}`).Code)
	require.Equal(t, http.StatusNoContent, h.remove(id, `{"deletionReason":"`+long+`","staffUserNameRequestingDeletion":"`+name+`"}`).Code)
}

func TestBadField_ofOneRequestIsNamed(t *testing.T) {
	h := newStaffServer(t)
	w := h.call(http.MethodPost, "/non-associations", writer, `{"firstPrisonerNumber":"x","reason":1}`)
	require.ElementsMatch(t, []string{
		"/firstPrisonerNumber", "/reason", "/firstPrisonerRole", "/secondPrisonerNumber", "/secondPrisonerRole", "/restrictionType", "/comment",
	}, errorIn(t, w).sources())
}

func TestBodies_ofStaffThatAreNoObject(t *testing.T) {
	h := newStaffServer(t)
	for name, c := range staffCalls {
		for body, source := range map[string]string{
			"null": "", "[]": "", `"x"`: "", "{": "", "{}{}": "", "\ufeff{}": "", `{"a":1,"a":2}`: "/a", "{\"comment\":\"\xff\"}": "/comment",
		} {
			w := h.call(c.method, c.path, c.token, body)
			require.Equal(t, http.StatusBadRequest, w.Code, "%s %s", name, body)
			require.Equal(t, 102, errorIn(t, w).code())
			require.Equal(t, []string{source}, errorIn(t, w).sources(), "%s %s", name, body)
		}
		for _, headers := range [][]string{{"Content-Type", ""}, {"Content-Type", "text/plain"}, {"Content-Encoding", "gzip"}} {
			require.Equal(t, http.StatusUnsupportedMediaType, h.call(c.method, c.path, c.token, c.body, headers...).Code, name)
		}
		require.Equal(t, http.StatusRequestEntityTooLarge, h.call(c.method, c.path, c.token, strings.Repeat(" ", 1<<20+1)).Code, name)
	}
	require.Zero(t, h.facts())
}

func TestStaffID_thatIsInvalidIsRefused(t *testing.T) {
	h := newStaffServer(t)
	for name, c := range staffCalls {
		if name == "open" {
			continue
		}
		for _, id := range []string{"A9109UD", "42", "{" + anID + "}", "%00"} {
			w := h.call(c.method, strings.Replace(c.path, anID, id, 1), c.token, c.body)
			require.Equal(t, http.StatusBadRequest, w.Code, "%s %s", name, id)
			require.Contains(t, []string{"id", "reference"}, errorIn(t, w).sources()[0])
		}
	}
}

func TestWrite_ofStaffNeedsTheScope(t *testing.T) {
	h := newStaffServer(t)
	for name, c := range staffCalls {
		role, _, _ := strings.Cut(c.token[strings.Index(c.token, ":")+1:], ":")
		for _, scopes := range []string{"", ":", ":read", ":WRITE", ":write2,read"} {
			w := h.call(c.method, c.path, "OFFICER:"+role+scopes, "{")
			require.Equal(t, http.StatusForbidden, w.Code, "%s with %s", name, scopes)
			require.Zero(t, errorIn(t, w).code())
		}
	}
	require.Zero(t, h.facts())
}

// FuzzStaff sends any body to every staff write: the answer is documented, and
// a refusal stores nothing.
func FuzzStaff(f *testing.F) {
	for c := range maps.Values(staffCalls) {
		f.Add(c.body)
	}
	f.Add(`{"comment":"x","reason":"OTHER","closedReason":" ","closedAt":"2026-07-15T12:00:00"}`)
	f.Add(`{"firstPrisonerNumber":"A1234BC","secondPrisonerNumber":"a1234bc"}`)
	f.Fuzz(func(t *testing.T, body string) {
		h := newStaffServer(t)
		id, _ := h.opened()
		for _, call := range []string{"amend", "close", "reopen", "delete", "open"} {
			c, before := staffCalls[call], h.facts()
			w := h.call(c.method, strings.Replace(c.path, anID, id, 1), c.token, body, "Content-Type", "application/json")
			if w.Code >= 300 {
				require.Contains(t, []int{400, 404, 409}, w.Code, "%s: %s", call, w.Body)
				require.NotZero(t, errorIn(t, w).code())
				require.Equal(t, before, h.facts())
			}
		}
	})
}
