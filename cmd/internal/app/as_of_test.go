package app_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/web/api"
	"nonassociations/web/shape"
)

// TestReplay_isTheAnswerOfTheAPI over histories with merges, deletions, what NOMIS told and
// the switch-over: byte by byte, for every number and pair, at times between the facts.
func TestReplay_isTheAnswerOfTheAPI(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		s := newStory(t, seed)
		times := []time.Time{time.Now().Add(-time.Hour)}
		for range 40 {
			s.act()
			times = append(times, time.Now())
		}
		head := signedHead(t, s.dsn)
		filled := 0
		for range 15 {
			at := func() string {
				return times[s.random.IntN(len(times))].In(domaintest.London).Format(time.RFC3339Nano)
			}
			known, trueAt, told := at(), at(), ""
			if s.random.IntN(4) > 0 {
				told = at()
			}
			moments, err := audit.ParseMoments(trueAt, known, told, s.options.Clock())
			require.NoError(t, err)
			query := url.Values{"trueAt": {trueAt}, "knownAt": {known}}
			if told != "" {
				query.Set("toldAt", told)
			}
			one, other := s.random.IntN(len(cast)), 1+s.random.IntN(len(cast)-1)
			pair := domaintest.PairOf(cast[one], cast[(one+other)%len(cast)])
			filled += s.compares("/audit/prisoner/"+string(cast[one])+"?"+query.Encode(), api.AsOfQuestion{Number: cast[one], At: moments}, head)
			filled += s.compares("/audit/pair/"+string(cast[one])+"/"+string(cast[(one+other)%len(cast)])+"?"+query.Encode(),
				api.AsOfQuestion{Pair: pair, At: moments}, head)
		}
		require.Greater(t, filled, 10, "records were shown")
	}
}

// compares returns how many records both show.
func (s *story) compares(path string, question api.AsOfQuestion, head *shape.Head) int {
	s.t.Helper()
	status, answered := s.get(s.t, path)
	require.Equal(s.t, http.StatusOK, status, answered)
	found, err := app.ReplayAsOf(s.t.Context(), s.options, question, nil)
	require.NoError(s.t, err)
	require.Equal(s.t, head, found.Head)
	replayed, err := api.AsOfAnswer(question, found.Records, found.Position, found.Head, domaintest.London)
	require.NoError(s.t, err)
	require.Equal(s.t, answered, string(domain.Escaped(replayed)), path)
	return len(found.Records)
}
