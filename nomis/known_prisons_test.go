package nomis_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/nomis/store"
	"nonassociations/queries"
)

// prisonTable keeps what is stored of prisons.
type prisonTable struct {
	mu      sync.Mutex
	away    bool
	seen    []store.SeenPrison
	counted []store.SeenPrison
}

func (s *prisonTable) SeePrisons(_ context.Context, _ time.Time, prisons ...store.SeenPrison) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errors.New("no Postgres")
	}
	s.seen = append(s.seen, prisons...)
	return nil
}

func (s *prisonTable) CountPrisons(_ context.Context, _ time.Time, prisons ...store.SeenPrison) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errors.New("no Postgres")
	}
	s.counted = append(s.counted, prisons...)
	return nil
}

func TestPrisonRecorder_writesAPrisonOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(prisonTable)
		r := nomis.NewPrisonRecorder(nomis.PrisonRecorderOptions{Store: s, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
		stop := running(t, r.Run)
		wait := func(d time.Duration) { time.Sleep(d); synctest.Wait() }
		for range 100 {
			r.Note("mdi", "")
			r.Note("OUT", "Outside")
			r.Note("", "")
		}
		wait(2 * time.Second)
		require.Equal(t, []store.SeenPrison{{ID: "MDI"}}, s.seen)
		r.Note("MDI", "Moorland")
		wait(2 * time.Second)
		require.Equal(t, store.SeenPrison{ID: "MDI", Name: "Moorland"}, s.seen[1], "a name is news")
		r.Note("MDI", "")
		wait(time.Hour)
		require.Len(t, s.seen, 2)
		s.set(true)
		r.Note("MDI", "")
		wait(10 * time.Second)
		s.set(false)
		wait(10 * time.Second)
		require.Len(t, s.seen, 3, "an outage loses nothing")
		require.Equal(t, "Moorland", s.seen[2].Name)
		for i := range 3000 {
			r.Note(domain.PrisonID(fmt.Sprint("X", i)), "")
		}
		stop()
		require.Len(t, s.seen, 3+999, "and is bounded")
	})
}

func (s *prisonTable) set(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// walked is a walk over records in a small world: every prisoner's place is given.
func walked(s nomis.PrisonStore, chunk int, places map[domain.PrisonerNumber]nomis.Place, records ...queries.LiveRecord) nomis.PrisonWalk {
	return nomis.PrisonWalk{
		Live: func(_ context.Context, _ string, after uuid.UUID, _ int) ([]queries.LiveRecord, error) {
			var next []queries.LiveRecord
			for _, r := range records {
				if strings.Compare(r.ID.String(), after.String()) > 0 && len(next) < chunk {
					next = append(next, r)
				}
			}
			return next, nil
		},
		Places: func(_ context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]nomis.Place, error) {
			found := map[domain.PrisonerNumber]nomis.Place{}
			for _, n := range numbers {
				if place, known := places[n]; known {
					found[n] = place
				}
			}
			return found, nil
		},
		Store: s, Clock: func() time.Time { return callTime },
	}
}

func liveRecord(t *testing.T, n int, pair string, open bool) queries.LiveRecord {
	t.Helper()
	p, err := domain.ParsePair(pair)
	require.NoError(t, err)
	return queries.LiveRecord{ID: uuid.MustParse(fmt.Sprintf("00000000-0000-4000-8000-%012d", n)), Pair: p, Open: open}
}

func TestPrisonWalk_countsOpenOnesWhereTheirPrisonersAre(t *testing.T) {
	places := map[domain.PrisonerNumber]nomis.Place{
		"A1111AA": {PrisonID: "MDI", Name: "Moorland"}, "B1111BB": {PrisonID: " mdi "}, "C1111CC": {PrisonID: "LEI", Name: "Leeds"}, "D1111DD": {PrisonID: "OUT"},
	}
	records := []queries.LiveRecord{
		liveRecord(t, 1, "A1111AA_B1111BB", true), liveRecord(t, 2, "A1111AA_C1111CC", true), liveRecord(t, 3, "A1111AA_C1111CC", false),
		liveRecord(t, 4, "A1111AA_D1111DD", true), liveRecord(t, 5, "D1111DD_E1111EE", true),
	}
	for chunk := 1; chunk <= 6; chunk++ {
		s := new(prisonTable)
		require.NoError(t, walked(s, chunk, places, records...).Renew(t.Context()))
		require.Equal(t, []store.SeenPrison{{ID: "LEI", Name: "Leeds", Open: 1}, {ID: "MDI", Name: "Moorland", Open: 3}}, s.counted, "in steps of %d", chunk)
		require.Empty(t, s.seen)
	}
}

func TestPrisonWalk_thatBreaksOffCountsNothing(t *testing.T) {
	places := map[domain.PrisonerNumber]nomis.Place{"A1111AA": {PrisonID: "MDI"}}
	s := new(prisonTable)
	w := walked(s, 1, places, liveRecord(t, 1, "A1111AA_B1111BB", true), liveRecord(t, 2, "C1111CC_D1111DD", true))
	find, steps, away := w.Places, 0, errors.New("no directory")
	w.Places = func(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]nomis.Place, error) {
		if steps++; steps == 2 {
			return nil, away
		}
		return find(ctx, numbers)
	}
	require.ErrorIs(t, w.Renew(t.Context()), away)
	require.Empty(t, s.counted)
	require.Equal(t, domain.PrisonID("MDI"), s.seen[0].ID, "what was seen is known")
	s.away = true
	require.Error(t, walked(s, 1, places).Renew(t.Context()))
}

func TestPrisonWalk_ofPostgresKeepsItsCounts(t *testing.T) {
	dsn := tables.New(t)
	kept, err := store.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(kept.Close)
	places := map[domain.PrisonerNumber]nomis.Place{"A1111AA": {PrisonID: "MDI", Name: "Moorland"}}
	require.NoError(t, walked(kept, 9, places, liveRecord(t, 1, "A1111AA_B1111BB", true)).Renew(t.Context()))
	require.NoError(t, walked(kept, 9, nil).Renew(t.Context()))
	known, err := kept.KnownPrisons(t.Context())
	require.NoError(t, err)
	require.Len(t, known, 1, "a known prison stays known")
	require.Equal(t, 0, *known[0].Open)
}
