package app_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/cmd/internal/past"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// given is an answer that the API gave.
type given struct {
	path     string
	position uint64
	at       time.Time
	status   int
	body     string
}

// asks walks every read of records that can be shown again.
func (s *story) asks() (all []given) {
	s.t.Helper()
	number := func() string { return string(cast[s.random.IntN(len(cast))]) }
	day := time.Now().In(domaintest.London).Format(time.DateOnly)
	id := "8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10"
	if len(s.ids) > 0 {
		id = s.ids[s.random.IntN(len(s.ids))].String()
	}
	for _, path := range []string{
		"/non-associations/" + number(), "/non-associations/" + id, "/non-associations/" + number() + "/history", "/non-associations/" + id + "/history",
		"/prisoner/" + number() + "/non-associations?includeClosed=true&sortBy=WHEN_UPDATED&sortDirection=ASC",
		"/non-associations?size=3&includeClosed=true&sort=whenUpdated,DESC", "/non-associations?size=2&page=1&sort=firstPrisonerNumber",
		"/non-associations?size=2&sort=closedAt&includeClosed=true", "/non-associations?sort=id,DESC&size=5",
		"/subject-access-request?prn=" + number(), "/legacy/api/offenders/" + number() + "/non-association-details",
		"/audit/prisoner/" + number() + "?knownAt=2020-01-01", "/audit/prisoner/" + number() + "?trueAt=2021-07-20&toldAt=2020-01-01&knownAt=" + yesterday(day),
		"/audit/pair/A1111AA/B2222BB?knownAt=2020-01-01", "/nomis/switch-over/history",
	} {
		at := time.Now().In(domaintest.London)
		request := s.request(s.t, http.MethodGet, path, http.NoBody)
		client := &http.Client{Transport: s.client.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		response, err := client.Do(request)
		require.NoError(s.t, err)
		position, err := strconv.ParseUint(response.Header.Get("X-Position"), 10, 64)
		if err != nil {
			require.Equal(s.t, http.StatusMovedPermanently, response.StatusCode, path)
			position = s.head()
		}
		g := given{path: path, position: position, at: at, status: response.StatusCode}
		g.body = bodyOf(s.t, response)
		all = append(all, g)
	}
	return all
}

// asksOfARemovedNumber merges a number that is not removed yet, and asks about it.
func (s *story) asksOfARemovedNumber() []given {
	s.t.Helper()
	for _, previous := range cast {
		_, err := s.merges.Apply(s.t.Context(), s.by(domain.Merge, "MERGER"), merge.Message{Renumbering: domain.Renumbering{
			Previous: previous, Number: "E5555EE", Reason: domain.ByMerge,
		}}, s.reads)
		require.NoError(s.t, err)
	}
	return s.asks()
}

func yesterday(day string) string {
	parsed, _ := time.Parse(time.DateOnly, day)
	return parsed.AddDate(0, 0, -1).Format(time.DateOnly)
}

// TestShowGet_isWhatTheAPIAnswered: answers that were recorded while the story went on are
// given again, byte by byte, from the log up to their positions. Every path that can be shown
// is walked.
func TestShowGet_isWhatTheAPIAnswered(t *testing.T) {
	s := newStory(t, 7)
	var recorded []given
	for range 9 {
		for range 4 {
			s.act()
		}
		recorded = append(recorded, s.asks()...)
	}
	recorded = append(recorded, s.asksOfARemovedNumber()...)
	statuses := map[int]int{}
	for i, g := range recorded {
		if i%2 == 1 && g.status == http.StatusOK { // each takes a reading of the log
			continue
		}
		require.NoError(t, past.CheckPath(g.path))
		shown, err := app.ShowGet(t.Context(), s.options, g.path, g.position, g.at, nil)
		require.NoError(t, err)
		require.Equal(t, g.status, shown.Status, "%s at %d: %s", g.path, g.position, shown.Body)
		require.Equal(t, g.body, string(shown.Body), "%s at %d", g.path, g.position)
		statuses[g.status]++
	}
	require.Greater(t, statuses[http.StatusOK], 40)
	require.NotZero(t, statuses[http.StatusMovedPermanently], "removed numbers were asked about")
}
