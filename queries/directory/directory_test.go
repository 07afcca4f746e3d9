package directory_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries/directory"
)

func TestDirectory_findsTheKnownAndOmitsTheOthers(t *testing.T) {
	h := newHarness(t)
	known := h.estate.Prisoners[7]
	require.Equal(t, map[domain.PrisonerNumber]directory.Prisoner{known.Number: {
		Number: known.Number, FirstName: known.FirstName, LastName: known.LastName,
		PrisonID: known.PrisonID, PrisonName: known.PrisonName, CellLocation: known.CellLocation, InOutStatus: "IN",
	}}, h.finds(known.Number, h.nobody(), known.Number))
	require.Empty(t, h.finds())
}

func TestPrisons_areOfThoseWhosePlaceIsKnown(t *testing.T) {
	h := newHarness(t)
	known := h.estate.Prisoners[7]
	for range 2 {
		prisons, err := h.directory.PrisonsOf(t.Context(), []domain.PrisonerNumber{known.Number, h.nobody()})
		require.NoError(t, err)
		require.Equal(t, map[domain.PrisonerNumber]domain.PrisonID{known.Number: domain.PrisonID(known.PrisonID)}, prisons)
	}
	require.Equal(t, 1, h.search.Asked(), "a minute old is new enough")
}

func TestDirectory_asksForAtMostAThousandAtATimeAndCaches(t *testing.T) {
	h := newHarness(t)
	require.Len(t, h.finds(h.numbers(2500)...), 2500)
	require.Equal(t, 3, h.search.Asked())
	h.finds(h.numbers(2500)...)
	h.finds(h.nobody())
	h.finds(h.nobody())
	require.Equal(t, 4, h.search.Asked(), "an unknown one is remembered too")
	h.clock.Move(time.Minute)
	h.finds(h.numbers(1)...)
	require.Equal(t, 5, h.search.Asked())
}

func TestDirectory_cacheIsBounded(t *testing.T) {
	h := newHarness(t, func(o *directory.Options) { o.CacheSize = 10 })
	require.Len(t, h.finds(h.numbers(30)...), 30, "what the cache cannot hold is answered all the same")
	require.Len(t, h.finds(h.numbers(30)...), 30)
	require.Equal(t, 2, h.search.Asked())
}

func TestDirectory_concurrentLookupsAskOnce(t *testing.T) {
	h := newHarness(t)
	release := make(chan struct{})
	h.search.Hold(release)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			found, err := h.directory.Find(context.Background(), h.numbers(50))
			if err != nil || len(found) != 50 {
				t.Errorf("%d found, %v", len(found), err)
			}
		})
	}
	close(release)
	group.Wait()
	require.Equal(t, 1, h.search.Asked())
}

func TestLookup_outlivesACallerThatLeaves(t *testing.T) {
	h := newHarness(t)
	release := make(chan struct{})
	h.search.Hold(release)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := h.directory.Find(ctx, h.numbers(1))
		left <- err
	}()
	require.Eventually(t, func() bool { return h.search.Asked() == 1 }, time.Minute, time.Millisecond)
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	close(release)
	require.Len(t, h.finds(h.numbers(1)...), 1)
	require.Equal(t, 1, h.search.Asked())
}

func TestMissing_namesTheUnknown(t *testing.T) {
	h := newHarness(t)
	someone, nobody := h.numbers(1)[0], h.nobody()
	h.finds(someone, nobody)
	missing, nowhere, err := h.directory.Missing(t.Context(), []domain.PrisonerNumber{nobody, someone})
	require.NoError(t, err)
	require.Equal(t, []domain.PrisonerNumber{nobody}, missing)
	require.Empty(t, nowhere)
	require.Equal(t, 2, h.search.Asked(), "an old denial is asked again, a known one is not")

	missing, _, err = h.directory.Missing(t.Context(), h.numbers(2))
	require.NoError(t, err)
	require.Empty(t, missing)

	h.search.Down(true)
	missing, _, err = h.directory.Missing(t.Context(), h.numbers(2))
	require.NoError(t, err, "both are known from before")
	require.Empty(t, missing)
	_, _, err = h.directory.Missing(t.Context(), []domain.PrisonerNumber{someone, nobody})
	require.ErrorIs(t, err, directory.ErrUnavailable)
}

func TestMissing_asksAgainForAPrisonerInNoPrison(t *testing.T) {
	h := newHarness(t)
	someone := h.numbers(1)
	h.search.Lie(func([]string) []byte { return fmt.Appendf(nil, `[{"prisonerNumber":%q}]`, someone[0]) })
	h.finds(someone...)
	missing, nowhere, err := h.directory.Missing(t.Context(), someone)
	require.NoError(t, err)
	require.Empty(t, missing)
	require.Equal(t, someone, nowhere)

	h.search.Lie(nil)
	require.Empty(t, h.finds(someone...)[someone[0]].PrisonID, "a list may be a minute old")
	_, nowhere, err = h.directory.Missing(t.Context(), someone)
	require.NoError(t, err)
	require.Empty(t, nowhere, "the prisoner has just been received")
	require.NotEmpty(t, h.finds(someone...)[someone[0]].PrisonID, "and lists know it too")
	require.Equal(t, 3, h.search.Asked())

	h.clock.Move(time.Minute)
	h.search.Down(true)
	_, _, err = h.directory.Missing(t.Context(), someone)
	require.ErrorIs(t, err, directory.ErrUnavailable)
}

func TestDirectory_closedIsUnavailable(t *testing.T) {
	h := newHarness(t)
	never := make(chan struct{})
	h.search.Hold(never)
	ended := make(chan error, 1)
	go func() {
		_, err := h.directory.Find(context.Background(), h.numbers(1))
		ended <- err
	}()
	require.Eventually(t, func() bool { return h.search.Asked() == 1 }, time.Minute, time.Millisecond)
	h.directory.Close()
	require.ErrorIs(t, <-ended, directory.ErrUnavailable)
	h.unavailable(h.numbers(2)...)
	require.Equal(t, 1, h.search.Asked())
}
