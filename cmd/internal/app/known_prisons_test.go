package app_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
	"nonassociations/nomis/store"
	"nonassociations/queries"
	"nonassociations/queries/directory"
	"nonassociations/web/client"
)

// prison returns the entry of a prison; false when it is not known.
func (s *legacyService) prison(t *testing.T, id string) (client.Prison, bool) {
	t.Helper()
	all, err := s.SwitchOver(t.Context(), client.Read{})
	require.NoError(t, err)
	i := slices.IndexFunc(all.Body.Prisons, func(p client.Prison) bool { return string(p.PrisonID) == id })
	if i < 0 {
		return client.Prison{}, false
	}
	return all.Body.Prisons[i], true
}

func TestPrison_isKnownOnceItWasSeen(t *testing.T) {
	t.Parallel()
	s := newLegacyService(t)
	position := s.record(t)
	_, known := s.prison(t, s.one.PrisonID)
	require.False(t, known)
	_, err := s.OfPrisoner(t.Context(), string(s.one.Number), client.PrisonerParams{Read: client.Read{AtLeast: position}, OtherPrisons: true})
	require.NoError(t, err)
	require.Eventually(t, func() bool { _, known := s.prison(t, s.other.PrisonID); return known }, soon, often)
	entry, known := s.prison(t, s.one.PrisonID)
	require.True(t, known)
	require.Equal(t, s.one.PrisonName, *entry.PrisonName)
	require.Nil(t, entry.OpenNonAssociations, "not counted yet")
	require.Nil(t, entry.ScreenBlocked, "there is no NOMIS")
	require.Equal(t, 0, *entry.Differences)
	s.ends(t)
}

func TestPrison_hasTheCountsOfTheLastWalk(t *testing.T) {
	t.Parallel()
	s := newLegacyService(t)
	position := s.record(t)
	reads, err := queries.Open(t.Context(), s.dsn, queries.Options{Logger: slog.New(slog.DiscardHandler), WaitTime: time.Minute})
	require.NoError(t, err)
	t.Cleanup(reads.Close)
	require.NoError(t, reads.WaitFor(t.Context(), position))
	people := directory.New(t.Context(), directory.Options{URL: s.search.URL(), Clock: time.Now})
	t.Cleanup(people.Close)
	tables, err := store.Open(t.Context(), s.dsn)
	require.NoError(t, err)
	t.Cleanup(tables.Close)
	walk := app.NewPrisonWalk(reads, people, tables, time.Now)

	s.search.Down(true)
	require.ErrorIs(t, walk.Renew(t.Context()), directory.ErrUnavailable)
	s.search.Down(false)
	pair, err := domain.NewPair(s.one.Number, s.other.Number)
	require.NoError(t, err)
	require.NoError(t, tables.Record(t.Context(), pair, time.Now(), "2026-07-15", uuid.Nil, store.Finding{TypeSequence: 2, Bucket: store.OnlyThere, Why: "x", Cause: "UNKNOWN"}))
	require.Eventually(t, func() bool {
		require.NoError(t, walk.Renew(t.Context()))
		entry, known := s.prison(t, s.one.PrisonID)
		return known && entry.OpenNonAssociations != nil
	}, soon, often)
	entry, _ := s.prison(t, s.other.PrisonID)
	require.Equal(t, 1, *entry.OpenNonAssociations)
	require.Equal(t, 1, *entry.Differences)
	require.Nil(t, entry.LastNOMISChange)
	require.Nil(t, entry.NOMISEdits7Days)
	s.ends(t)
}

// TestScreen_isAskedForOnceAMinute of a NOMIS that answers only the first question.
func TestScreen_isAskedForOnceAMinute(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	nomis := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) > 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`[{"prisonId":"MDI"}]`))
	}))
	t.Cleanup(nomis.Close)
	s := newLegacyService(t, "NOMIS_API_URL", nomis.URL)
	for id, blocked := range map[string]bool{"MDI": true, "LEI": false} {
		entry, err := s.StagePrison(t.Context(), id, client.Correlation{}, client.Staging{Stage: domain.StageDPS, Reason: "Go live"})
		require.NoError(t, err)
		require.Equal(t, blocked, *entry.Body.ScreenBlocked)
	}
	require.Equal(t, int64(1), asked.Load())
	s.ends(t)

	away := newLegacyService(t, "NOMIS_API_URL", nomis.URL)
	for _, id := range []string{"MDI", "LEI"} {
		entry, err := away.StagePrison(t.Context(), id, client.Correlation{}, client.Staging{Stage: domain.StageDPS, Reason: "Go live"})
		require.NoError(t, err)
		require.Nil(t, entry.Body.ScreenBlocked)
	}
	require.Equal(t, int64(2), asked.Load(), "a NOMIS that does not answer is not asked with each request")
	away.ends(t)
}
