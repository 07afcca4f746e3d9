package queries_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/queries"
)

// places are the positions of the facts that the log holds, newest first.
func (r *service) places() []queries.FactPlace {
	r.t.Helper()
	events, err := r.log.ReadAll(r.t.Context(), eventstore.Backwards, eventstore.End, 1000)
	require.NoError(r.t, err)
	var all []queries.FactPlace
	for _, e := range events {
		if eventstore.HasPrefix(e.Stream, domain.StreamPrefixes()) {
			all = append(all, queries.FactPlace(e.Position))
		}
	}
	return all
}

func (r *service) facts(of queries.FactsRequest) queries.FactPlaces {
	r.t.Helper()
	of.AtLeast = r.position
	if of.Size == 0 {
		of.Size = 100
	}
	found, err := r.Facts(r.t.Context(), of)
	require.NoError(r.t, err)
	require.GreaterOrEqual(r.t, found.Position, r.position)
	return found
}

func TestFacts_areFoundByPrisonerAndByDay(t *testing.T) {
	t.Parallel()
	r := newRecord(t)
	first, second := pairFor(t, "A1111AA", "B1111BB"), pairFor(t, "B1111BB", "C1111CC")
	r.tells(by(), first, "2021-07-05T10:35:17", 4)
	id := r.opens(second)
	r.does(staff(), id, domain.Delete{ID: id})
	r.waitForProjection()
	all := r.places() // the tombstone, the one of staff, the one of NOMIS
	require.Len(t, all, 3)

	require.Equal(t, all, r.facts(queries.FactsRequest{Prisoner: "B1111BB"}).Places, "in either half of a pair")
	require.Equal(t, all[2:], r.facts(queries.FactsRequest{Prisoner: "A1111AA"}).Places)
	require.Equal(t, all[:2], r.facts(queries.FactsRequest{Prisoner: "C1111CC"}).Places)
	require.Empty(t, r.facts(queries.FactsRequest{Prisoner: "D1111DD"}).Places)
	require.Equal(t, all[2:], r.facts(queries.FactsRequest{Prisoner: "B1111BB", Source: domain.NOMIS}).Places)
	require.Equal(t, all[:2], r.facts(queries.FactsRequest{Prisoner: "B1111BB", User: "OFFICER"}).Places)
	require.Empty(t, r.facts(queries.FactsRequest{Prisoner: "B1111BB", User: "OFFICE"}).Places)

	// The store's clock is the machine's, so the days are those around today.
	day := func(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }
	require.Equal(t, all, r.facts(queries.FactsRequest{From: day(-1), To: day(1)}).Places)
	require.Equal(t, all[2:], r.facts(queries.FactsRequest{From: day(-15), To: day(16), User: "SOMEBODY", Source: domain.NOMIS}).Places)
	require.Empty(t, r.facts(queries.FactsRequest{From: day(-9), To: day(-3)}).Places)
	require.Empty(t, r.facts(queries.FactsRequest{Prisoner: "B1111BB", To: day(-3)}).Places)
	require.Equal(t, all, r.facts(queries.FactsRequest{Prisoner: "B1111BB", From: day(-1)}).Places)

	page := r.facts(queries.FactsRequest{Prisoner: "B1111BB", Size: 2})
	require.Equal(t, all[:2], page.Places)
	require.True(t, page.More)
	rest := r.facts(queries.FactsRequest{Prisoner: "B1111BB", Size: 2, Before: &page.Places[1]})
	require.Equal(t, all[2:], rest.Places)
	require.False(t, rest.More)
	require.False(t, r.facts(queries.FactsRequest{Prisoner: "B1111BB", Size: 3}).More, "a page that is just full is the last one")
}

func TestFacts_thatWouldBeTooManyAreRefused(t *testing.T) {
	t.Parallel()
	reader := newRecord(t).Reader
	for name, of := range map[string]queries.FactsRequest{
		"nothing":      {},
		"half":         {From: "2026-07-01"},
		"the rest":     {To: "2026-07-01"},
		"too wide":     {From: "2026-07-01", To: "2026-08-02"},
		"turned round": {From: "2026-07-02", To: "2026-07-01"},
		"no day":       {From: "2026-02-30", To: "2026-03-01"},
		"no day of a prisoner": {
			Prisoner: "A1111AA", From: "yesterday",
		},
		"a user alone": {User: "OFFICER"},
	} {
		_, err := reader.Facts(t.Context(), of)
		require.ErrorIs(t, err, queries.ErrFactsRange, name)
	}
}
