package main_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// aNumber is the form of a prisoner number.
var aNumber = regexp.MustCompile(`\b[A-Z][0-9]{4}[A-Z]{2}\b`)

// personal are words of people that the run below uses: names of the directory and of
// staff's comments.
var personal = []string{"Adam", "Bertram", "Somerplumbs", "Merlin", "Apart-for-ever", "Told-there", "Synced-comment", "Nobody-knows", "Typed-too-long"}

// TestRun_isSeenWithoutPersonalData clicks on a page until the change is in NOMIS, syncs,
// migrates, merges and makes errors, and then reads all that came out of the process.
func TestRun_isSeenWithoutPersonalData(t *testing.T) {
	t.Parallel()
	s := newSeenRun(t)
	officer := s.signIn("OFFICER_A")
	const list = "/prisoner/A9109UD/non-associations"
	form := officer.open(s.screens + list + "/add/with-prisoner/D5678EF")
	require.Equal(t, http.StatusOK, form.status, form.Text())
	saved := officer.submit(form, "main form", url.Values{
		"reason": {"GANG_RELATED"}, "prisonerRole": {"VICTIM"}, "otherPrisonerRole": {"PERPETRATOR"}, "restrictionType": {"LANDING"}, "comment": {"Apart-for-ever"},
	})
	require.Equal(t, http.StatusOK, saved.status, saved.Text())
	require.True(t, strings.HasPrefix(saved.at.Path, list+"/"), saved.Find(".govuk-error-summary").Text())
	s.hasRows("A9109UD/D5678EF", "Apart-for-ever")
	s.hasWholeTrace("POST " + "/prisoner/{pn}/non-associations/add/with-prisoner/{other}")

	s.syncs()
	s.makesErrors(officer)
	scraped := s.scrape()
	s.stop(t, s.running)
	for from, text := range map[string]string{"spans": s.sink.text(), "metrics": scraped, "log": s.said.String()} {
		require.NotEmpty(t, text, from)
		require.Empty(t, aNumber.FindAllString(text, -1), from)
		for _, word := range personal {
			require.NotContains(t, text, word, from)
		}
	}
	for _, name := range []string{"url.path", "url.query", "url.full", "db.query.text", "tracestate"} {
		require.NotContains(t, s.sink.text(), name)
	}
	require.Contains(t, s.said.String(), "traceId=")
	require.Contains(t, s.said.String(), "requestId=")
}

// hasRows waits until NOMIS has the comment in both rows of a pair.
func (s *seenRun) hasRows(pair, comment string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		response, err := http.Get(s.nomis + "/staff/rows/" + pair)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		return err == nil && strings.Count(string(text), `"`+comment+`"`) == 2
	}, time.Minute, 50*time.Millisecond)
}

// hasWholeTrace waits until the trace of a request has a span of each part on its way, each
// below another span of the trace.
func (s *seenRun) hasWholeTrace(root string) {
	s.t.Helper()
	parts := []string{root, "command", "log read", "log append", "postgres", "project", "publish domain", "ring", "turn", "GET nomis", "POST nomis"}
	require.EventuallyWithT(s.t, func(c *assert.CollectT) {
		names, ids := []string{}, map[string]bool{}
		trace := s.sink.trace(root)
		require.NotEmpty(c, trace, s.sink.text())
		for _, span := range trace {
			names = append(names, span.GetName())
			ids[string(span.GetSpanId())] = true
		}
		require.Subset(c, names, parts)
		for _, span := range trace {
			require.True(c, span.GetName() == root || ids[string(span.GetParentSpanId())], "the parent of %s is not there", span.GetName())
		}
	}, 20*time.Second, 100*time.Millisecond)
}

// syncs tells of records as NOMIS does: by sync, by migration, by a merge and by its staff.
func (s *seenRun) syncs() {
	s.t.Helper()
	token := s.token(s.t, "NON_ASSOCIATIONS_SYNC", "NON_ASSOCIATIONS_MIGRATE", "READ_NON_ASSOCIATIONS")
	const item = `{"prisonerNumber": "A9109UD", "nonAssociations": [{"reasonCode": "VIC", "typeCode": "WING", "effectiveDate": "2021-07-05T10:35:17",
		"authorisedBy": "Somerplumbs", "comments": "Synced-comment", "prisonerNonAssociation": {"prisonerNumber": "A0135GA", "reasonCode": "PER"}}]}`
	for _, path := range []string{"/sync", "/migrate"} {
		response, text := s.call(s.t, http.MethodPost, path, token, item)
		require.Less(s.t, response.StatusCode, 300, text)
	}
	const there = `{"offenderNo":"A1234BC","nsOffenderNo":"D5678EF","reason":"VIC","recipReason":"PER","type":"WING","effectiveDate":"2021-07-05","comment":"Told-there"}`
	require.Equal(s.t, http.StatusCreated, post(s.t, s.nomis+"/staff/non-associations", there))
	require.Eventually(s.t, func() bool {
		_, text := s.call(s.t, http.MethodGet, "/non-associations/A1234BC", token, "")
		return strings.Contains(text, "Told-there")
	}, time.Minute, 50*time.Millisecond)
	const merged = `{"eventType":"prison-offender-events.prisoner.merged","occurredAt":"2026-11-01T10:00:00Z","additionalInformation":{"nomsNumber":"A0135GA","removedNomsNumber":"A9109UD","reason":"MERGE"}}`
	require.Less(s.t, post(s.t, s.prisonerQueue(), merged), 300)
	require.Eventually(s.t, func() bool {
		_, text := s.call(s.t, http.MethodGet, "/non-associations/A0135GA", token, "")
		return strings.Contains(text, "D5678EF")
	}, time.Minute, 50*time.Millisecond)
}

// makesErrors asks for what is refused, unknown or broken, with numbers and words in it.
func (s *seenRun) makesErrors(officer person) {
	s.t.Helper()
	token := s.token(s.t, "NON_ASSOCIATIONS_SYNC", "READ_NON_ASSOCIATIONS")
	for _, body := range []string{
		`{"prisonerNumber": "A9109UD", "nonAssociations": [{"reasonCode": "Nobody-knows"}]}`, `{"prisonerNumber": "Nobody-knows"`, `"A9109UD"`,
		`{"prisonerNumber": "A9109UD", "nonAssociations": "Somerplumbs"}`,
	} {
		response, text := s.call(s.t, http.MethodPost, "/sync", token, body)
		require.GreaterOrEqual(s.t, response.StatusCode, 400, text)
	}
	for _, path := range []string{"/no-such/A9109UD?comment=Nobody-knows", "/non-associations/A9109U?name=Adam", "/non-associations/A9109UD?position=Nobody-knows", "/prisoners/A9109UD/Nobody-knows"} {
		s.call(s.t, http.MethodGet, path, token, "")
		s.call(s.t, http.MethodGet, path, "Nobody-knows", "")
	}
	for _, path := range []string{"/prisoner/Z9999ZZ/non-associations", "/prisoner/A9109UD/non-associations/Nobody-knows", "/A9109UD", "/?q=Somerplumbs"} {
		officer.open(s.screens + path)
	}
	form := officer.open(s.screens + "/prisoner/A0135GA/non-associations/add/with-prisoner/A1234BC")
	officer.submit(form, "main form", url.Values{"comment": {strings.Repeat("Typed-too-long", 100)}})
	require.Less(s.t, post(s.t, s.prisonerQueue(), `{"eventType":"prison-offender-events.prisoner.merged","additionalInformation":{"nomsNumber":"A9109UD","removedNomsNumber":"Merlin","reason":"MERGE"}}`), 300)
	require.Eventually(s.t, func() bool { return strings.Contains(s.said.String(), "cannot be applied") }, time.Minute, 50*time.Millisecond)
}

// scrape returns what the run's metrics are.
func (s *seenRun) scrape() string {
	s.t.Helper()
	response, err := http.Get(s.metrics + "/metrics")
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return string(text)
}
