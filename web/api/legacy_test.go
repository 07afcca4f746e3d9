package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/queries"
	"nonassociations/web/api"
)

const legacyEnd = "/non-association-details"

func legacyPath(number, query string) string {
	return "/legacy/api/offenders/" + number + legacyEnd + query
}

func (h *testServer) legacy(number, query string, headers ...string) *recorder {
	h.t.Helper()
	w := h.call(http.MethodGet, legacyPath(number, query), reader, "", headers...)
	require.Equal(h.t, "@1719792000", w.Header().Get("Deprecation"))
	return w
}

func (h *testServer) legacyYears(number, query string) string {
	h.t.Helper()
	w := h.legacy(number, query)
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	var body struct {
		NonAssociations []struct {
			EffectiveDate string `json:"effectiveDate"`
		} `json:"nonAssociations"`
	}
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &body))
	var years []string
	for _, n := range body.NonAssociations {
		years = append(years, n.EffectiveDate[:4])
	}
	return strings.Join(years, " ")
}

// callers count in memory, and say what they counted.
type callers struct {
	mu      sync.Mutex
	counted []string
	stored  []nomis.LegacyCaller
	err     error
}

func (c *callers) Count(client string, notFound bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if notFound {
		client += " not found"
	}
	c.counted = append(c.counted, client)
}

func (c *callers) Callers(context.Context) ([]nomis.LegacyCaller, error) { return c.stored, c.err }

func (c *callers) since() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.counted
	c.counted = nil
	return all
}

// legacyGolden is the whole answer: its keys and their order are a contract.
const legacyGolden = `{"offenderNo":"B1111BB","firstName":"Zed","lastName":"Adams","agencyId":"MDI","agencyDescription":"Moorland","assignedLivingUnitDescription":"MDI-C-9","nonAssociations":[` +
	`{"reasonCode":"PER","reasonDescription":"Perpetrator","typeCode":"WING","typeDescription":"Do Not Locate on Same Wing","effectiveDate":"2021-01-01T00:00:00","expiryDate":null,"authorisedBy":"Mr Bobby","comments":"first",` +
	`"offenderNonAssociation":{"offenderNo":"A9109UD","firstName":"John","lastName":"Doe","reasonCode":"VIC","reasonDescription":"Victim","agencyId":"MDI","agencyDescription":"Moorland","assignedLivingUnitDescription":"MDI-A-1"}}]}`

func TestLegacyList_isThatOfPrisonAPI(t *testing.T) {
	h, _ := search(t)
	w := h.legacy("b1111bb", "")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, legacyGolden, w.Body.String())
	require.Equal(t, itoa(h.facts()), w.Header().Get("X-Position"))
	require.NotEmpty(t, w.Header().Get("ETag"))
	require.Empty(t, w.Header().Get("Sunset"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
}

func TestLegacyList_choosesAsPrisonAPIDid(t *testing.T) {
	h, _ := search(t)
	require.Equal(t, "2021 2022 2023 2024 2100", h.legacyYears("A9109UD", ""), "all, the oldest first")
	require.Equal(t, "2021 2023 2024 2100", h.legacyYears("A9109UD", "?excludeInactive=true"))
	require.Equal(t, "2021 2022 2023 2100", h.legacyYears("A9109UD", "?currentPrisonOnly=true"))
	require.Equal(t, "2021 2023 2100", h.legacyYears("A9109UD", "?currentPrisonOnly=true&excludeInactive=true&unknown=x"))
	for _, query := range []string{"?currentPrisonOnly=x", "?excludeInactive=", "?excludeInactive=true&excludeInactive=true", "?atLeast=x", "?%zz"} {
		require.Equal(t, http.StatusBadRequest, h.legacy("A9109UD", query).Code, query)
	}
	require.Equal(t, http.StatusBadRequest, h.legacy("A9109U", "").Code)
}

func TestLegacyList_goesOnWithoutTheDirectory(t *testing.T) {
	h, server := search(t)
	server.Down(true)
	w := h.legacy("A9109UD", "?currentPrisonOnly=true")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, 5, strings.Count(w.Body.String(), `"offenderNonAssociation"`), "nobody is hidden")
	require.Contains(t, w.Body.String(), `"firstName":null`)
	require.Contains(t, w.Body.String(), `"namesMissing":true`)
	w = h.legacy("Z1111ZZ", "")
	require.Equal(t, http.StatusOK, w.Code, "nobody said that the number is unknown")
	server.Down(false)
}

func TestLegacyList_ofAPrisonerWhomNobodyKnows(t *testing.T) {
	h, _ := search(t)
	for range 2 {
		w := h.legacy("Z1111ZZ", "")
		require.Equal(t, http.StatusNotFound, w.Code)
		require.Equal(t, 404, errorIn(t, w).code())
	}
	require.Equal(t, http.StatusOK, h.legacy("E1111EE", "").Code, "the directory does not know the number, but something is held")
	plain := newTestServer(t)
	require.Equal(t, http.StatusOK, plain.legacy("Z1111ZZ", "").Code, "there is no directory")
}

func TestLegacyList_isRefusedLikeEveryRead(t *testing.T) {
	counted := new(callers)
	h := newTestServer(t, func(o *api.Options) { o.LegacyCallers = counted; o.Reads.(*twin).err = queries.ErrNotCaughtUp })
	require.Equal(t, http.StatusServiceUnavailable, h.legacy("A9109UD", "").Code)
	h.reads.err, h.reads.wait = nil, queries.ErrBehind
	require.Equal(t, http.StatusServiceUnavailable, h.legacy("A9109UD", "?atLeast=99").Code)
	require.Equal(t, []string{"client", "client"}, counted.since())
}

func TestLegacyList_saysWhenItEnds(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	h := newTestServer(t, func(o *api.Options) { o.LegacySunset = time.Date(2027, 7, 1, 0, 0, 0, 0, london) })
	for _, token := range []string{reader, writer, "", "invalid"} {
		w := h.call(http.MethodGet, legacyPath("A9109UD", ""), token, "")
		require.Equal(t, "Wed, 30 Jun 2027 23:00:00 GMT", w.Header().Get("Sunset"), "%q", token)
		require.Equal(t, "@1719792000", w.Header().Get("Deprecation"), "%q", token)
	}
	require.Empty(t, h.call(http.MethodGet, "/non-associations/A9109UD", reader, "").Header().Get("Sunset"))
}

// TestLegacyList_isGoneWhileItIsOff ends the list for good, resumes it, and has a
// brown-out that is over by itself.
func TestLegacyList_isGoneWhileItIsOff(t *testing.T) {
	now, counted := noon, new(callers)
	h := newTestServer(t, func(o *api.Options) { o.Clock, o.LegacyCallers = func() time.Time { return now }, counted })
	h.sync(record)
	gone := func() {
		t.Helper()
		w := h.legacy("a9109ud", "?atLeast=1")
		require.Equal(t, http.StatusGone, w.Code)
		require.Equal(t, `</non-associations/A9109UD>; rel="successor-version"`, w.Header().Get("Link"))
		require.Zero(t, errorIn(t, w).code())
		require.Empty(t, w.Header().Get("ETag"))
	}
	h.change("/nomis/legacy", switchingOff)
	gone()
	now = now.AddDate(10, 0, 0)
	gone()
	now = noon
	h.change("/nomis/legacy", `{"on":true,"reason":"Somebody called"}`)
	require.Equal(t, http.StatusOK, h.legacy("A9109UD", "").Code)

	h.change("/nomis/legacy", `{"on":false,"reason":"Who still calls?","minutes":10}`)
	facts := h.facts()
	gone()
	now = noon.Add(10*time.Minute - time.Nanosecond)
	gone()
	now = noon.Add(10 * time.Minute)
	require.Equal(t, http.StatusOK, h.legacy("A9109UD", "").Code)
	require.Equal(t, facts, h.facts(), "nothing is appended when it is over")
	require.Equal(t, []string{"client", "client", "client", "client", "client", "client"}, counted.since())

	now = noon
	require.Equal(t, http.StatusBadRequest, h.legacy("A9109U", "").Code, "a request is judged first")
	require.Equal(t, http.StatusForbidden, h.call(http.MethodGet, legacyPath("A9109UD", ""), writer, "").Code)
}

func TestLegacyList_isAnsweredWhenTheSwitchOverCannotBeRead(t *testing.T) {
	h := newTestServer(t, func(o *api.Options) { o.Commands = blind{o.Commands} })
	require.Equal(t, http.StatusOK, h.legacy("A9109UD", "").Code)
	require.Contains(t, h.logs.String(), "switch-over cannot be read")
}

// blind are commands that cannot read the switch-over.
type blind struct{ api.Commands }

func (blind) CachedSwitchOver(context.Context) (domain.SwitchOver, error) {
	return domain.SwitchOver{}, commands.ErrBusy
}

func TestLegacyCallers_areCountedWhateverTheAnswerIs(t *testing.T) {
	counted := new(callers)
	h, _ := search(t, func(o *api.Options) { o.LegacyCallers = counted })
	for _, c := range []struct {
		method, path, token string
		status              int
		counted             []string
	}{
		{http.MethodGet, legacyPath("A9109UD", ""), reader, http.StatusOK, []string{"client"}},
		{http.MethodHead, legacyPath("A9109UD", ""), reader, http.StatusOK, []string{"client"}},
		{http.MethodGet, legacyPath("Z1111ZZ", ""), reader, http.StatusNotFound, []string{"client not found"}},
		{http.MethodGet, legacyPath("A9109U", ""), reader, http.StatusBadRequest, []string{"client"}},
		{http.MethodGet, legacyPath("A9109UD", ""), writer, http.StatusForbidden, []string{"client"}},
		{http.MethodGet, legacyPath("A9109UD", ""), ":READ_NON_ASSOCIATIONS", http.StatusUnauthorized, []string{"client"}},
		{http.MethodGet, legacyPath("A9109UD", ""), "invalid", http.StatusUnauthorized, nil},
		{http.MethodGet, legacyPath("A9109UD", ""), "", http.StatusUnauthorized, nil},
		{http.MethodGet, "/non-associations/A9109UD", reader, http.StatusOK, nil},
		{http.MethodGet, "/nomis/legacy-callers", operator, http.StatusOK, nil},
	} {
		w, _ := h.answer(c.method, c.path, c.token, "")
		require.Equal(t, c.status, w.Code, "%s %s", c.path, c.token)
		require.Equal(t, c.counted, counted.since(), "%s %s", c.path, c.token)
	}
}

func TestLegacyCallers_areListedForOperators(t *testing.T) {
	counted := new(callers)
	h := newTestServer(t, func(o *api.Options) { o.LegacyCallers = counted })
	list := func() *recorder { return h.call(http.MethodGet, "/nomis/legacy-callers", operator, "") }
	require.Equal(t, "[]", list().Body.String())
	counted.stored = []nomis.LegacyCaller{{ClientID: "visits", FirstCall: noon.AddDate(0, -1, 0), LastCall: noon, Last7Days: 12, NotFound: 3}}
	require.JSONEq(t, `[{"clientId":"visits","firstCall":"2026-06-15T12:00:00+00:00","lastCall":"2026-07-15T12:00:00+00:00","callsLast7Days":12,"notFound":3}]`,
		list().Body.String())
	counted.err = errors.New("no table")
	require.Equal(t, http.StatusServiceUnavailable, list().Code)
	require.Equal(t, "[]", newTestServer(t).call(http.MethodGet, "/nomis/legacy-callers", operator, "").Body.String())
}

// TestPrisons_ofPrisonersWithRecordsAreSeen: of one without a record it is not said
// where they are.
func TestPrisons_ofPrisonersWithRecordsAreSeen(t *testing.T) {
	for _, path := range []string{"/prisoner/%s/non-associations", "/legacy/api/offenders/%s/non-association-details"} {
		seen := map[domain.PrisonID]string{}
		h, _ := search(t, func(o *api.Options) { o.PrisonSeen = func(id domain.PrisonID, name string) { seen[id] = name } })
		h.call(http.MethodGet, strings.Replace(path, "%s", "G1111GG", 1), reader, "")
		require.Empty(t, seen, path)
		h.call(http.MethodGet, strings.Replace(path, "%s", "A9109UD", 1), reader, "")
		require.Equal(t, map[domain.PrisonID]string{"MDI": "Moorland", "LEI": "Leeds"}, seen, path)
	}
}
