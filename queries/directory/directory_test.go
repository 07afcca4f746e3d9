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
	r := newRig(t)
	known := r.estate.Prisoners[7]
	require.Equal(t, map[domain.PrisonerNumber]directory.Prisoner{known.Number: {
		Number: known.Number, FirstName: known.FirstName, LastName: known.LastName,
		PrisonID: known.PrisonID, PrisonName: known.PrisonName, CellLocation: known.CellLocation,
	}}, r.finds(known.Number, r.nobody(), known.Number))
	require.Empty(t, r.finds())
}

func TestDirectory_asksForAtMostAThousandAtATimeAndCaches(t *testing.T) {
	r := newRig(t)
	require.Len(t, r.finds(r.numbers(2500)...), 2500)
	require.Equal(t, 3, r.search.Asked())
	r.finds(r.numbers(2500)...)
	r.finds(r.nobody())
	r.finds(r.nobody())
	require.Equal(t, 4, r.search.Asked(), "an unknown one is remembered too")
	r.clock.pass(time.Minute)
	r.finds(r.numbers(1)...)
	require.Equal(t, 5, r.search.Asked())
}

func TestDirectory_cacheIsBounded(t *testing.T) {
	r := newRig(t, func(o *directory.Options) { o.CacheSize = 10 })
	require.Len(t, r.finds(r.numbers(30)...), 30, "what is too much to remember is told all the same")
	require.Len(t, r.finds(r.numbers(30)...), 30)
	require.Equal(t, 2, r.search.Asked())
}

func TestDirectory_concurrentLookupsAskOnce(t *testing.T) {
	r := newRig(t)
	release := make(chan struct{})
	r.search.Hold(release)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			found, err := r.directory.Find(context.Background(), r.numbers(50))
			if err != nil || len(found) != 50 {
				t.Errorf("%d found, %v", len(found), err)
			}
		})
	}
	close(release)
	group.Wait()
	require.Equal(t, 1, r.search.Asked())
}

func TestLookup_outlivesACallerThatLeaves(t *testing.T) {
	r := newRig(t)
	release := make(chan struct{})
	r.search.Hold(release)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := r.directory.Find(ctx, r.numbers(1))
		left <- err
	}()
	require.Eventually(t, func() bool { return r.search.Asked() == 1 }, time.Minute, time.Millisecond)
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	close(release)
	require.Len(t, r.finds(r.numbers(1)...), 1)
	require.Equal(t, 1, r.search.Asked())
}

func TestMissing_namesTheUnknown(t *testing.T) {
	r := newRig(t)
	someone, nobody := r.numbers(1)[0], r.nobody()
	r.finds(someone, nobody)
	missing, nowhere, err := r.directory.Missing(t.Context(), []domain.PrisonerNumber{nobody, someone})
	require.NoError(t, err)
	require.Equal(t, []domain.PrisonerNumber{nobody}, missing)
	require.Empty(t, nowhere)
	require.Equal(t, 2, r.search.Asked(), "an old denial is asked again, a known one is not")

	missing, _, err = r.directory.Missing(t.Context(), r.numbers(2))
	require.NoError(t, err)
	require.Empty(t, missing)

	r.search.Down(true)
	missing, _, err = r.directory.Missing(t.Context(), r.numbers(2))
	require.NoError(t, err, "both are known from before")
	require.Empty(t, missing)
	_, _, err = r.directory.Missing(t.Context(), []domain.PrisonerNumber{someone, nobody})
	require.ErrorIs(t, err, directory.ErrUnavailable)
}

func TestPlace_inNoPrisonIsAskedAgain(t *testing.T) {
	r := newRig(t)
	someone := r.numbers(1)
	r.search.Lie(func([]string) []byte { return fmt.Appendf(nil, `[{"prisonerNumber":%q}]`, someone[0]) })
	r.finds(someone...)
	missing, nowhere, err := r.directory.Missing(t.Context(), someone)
	require.NoError(t, err)
	require.Empty(t, missing)
	require.Equal(t, someone, nowhere)

	r.search.Lie(nil)
	require.Empty(t, r.finds(someone...)[someone[0]].PrisonID, "a list may be a minute old")
	_, nowhere, err = r.directory.Missing(t.Context(), someone)
	require.NoError(t, err)
	require.Empty(t, nowhere, "the prisoner has just been received")
	require.NotEmpty(t, r.finds(someone...)[someone[0]].PrisonID, "and lists know it too")
	require.Equal(t, 3, r.search.Asked())

	r.clock.pass(time.Minute)
	r.search.Down(true)
	_, _, err = r.directory.Missing(t.Context(), someone)
	require.ErrorIs(t, err, directory.ErrUnavailable)
}

func TestClosedDirectory_refuses(t *testing.T) {
	r := newRig(t)
	never := make(chan struct{})
	r.search.Hold(never)
	ended := make(chan error, 1)
	go func() {
		_, err := r.directory.Find(context.Background(), r.numbers(1))
		ended <- err
	}()
	require.Eventually(t, func() bool { return r.search.Asked() == 1 }, time.Minute, time.Millisecond)
	r.directory.Close()
	require.ErrorIs(t, <-ended, directory.ErrUnavailable)
	r.unavailable(r.numbers(2)...)
	require.Equal(t, 1, r.search.Asked())
}
