package directory_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries/directory"
)

// answering makes the stand-in answer one prison for every number.
func answering(place string) func([]string) []byte {
	return func(asked []string) []byte {
		all := make([]string, len(asked))
		for i, number := range asked {
			all[i] = fmt.Sprintf(`{"prisonerNumber":%q,"firstName":"A","lastName":"B","prisonId":%q}`, number, place)
		}
		return []byte("[" + strings.Join(all, ",") + "]")
	}
}

// placesOf lists the different prisons of the prisoners found.
func placesOf(found map[domain.PrisonerNumber]directory.Prisoner) string {
	var places []string
	for _, prisoner := range found {
		if !slices.Contains(places, prisoner.PrisonID) {
			places = append(places, prisoner.PrisonID)
		}
	}
	return strings.Join(places, " ")
}

func TestFindNow_isNotAnsweredFromTheCache(t *testing.T) {
	h := newHarness(t)
	two := h.numbers(2)
	h.search.Lie(answering("LEI"))
	h.finds(two...)
	h.search.Lie(answering("MDI"))
	require.Equal(t, "LEI", placesOf(h.finds(two...)), "a list may be a minute old")
	found, err := h.directory.FindNow(t.Context(), append(two, two[0], h.nobody()))
	require.NoError(t, err)
	require.Equal(t, "MDI", placesOf(found))
	require.Equal(t, 2, h.search.Asked(), "one question for all")
	require.Equal(t, "MDI", placesOf(h.finds(two...)), "and memory knows it too")
	require.Equal(t, 2, h.search.Asked())
}

func TestRemembered_callsNothing(t *testing.T) {
	h := newHarness(t)
	someone, nobody := h.numbers(1)[0], h.nobody()
	found, whole := h.directory.Cached([]domain.PrisonerNumber{someone})
	require.Empty(t, found)
	require.False(t, whole)
	h.finds(someone, nobody)
	found, whole = h.directory.Cached([]domain.PrisonerNumber{someone, nobody, someone})
	require.Len(t, found, 1)
	require.True(t, whole, "an unknown number is an answer too")
	found, whole = h.directory.Cached(h.numbers(2))
	require.Len(t, found, 1)
	require.False(t, whole)
	require.Equal(t, 1, h.search.Asked())
	h.clock.Move(time.Minute)
	_, whole = h.directory.Cached([]domain.PrisonerNumber{someone})
	require.False(t, whole)
}

// A question that was asked before may have been answered before, too.
func TestFindNow_joinsNoEarlierLookup(t *testing.T) {
	h := newHarness(t)
	one := h.numbers(1)
	var first atomic.Bool
	late := make(chan struct{})
	h.search.Lie(func(asked []string) []byte {
		if first.CompareAndSwap(false, true) { // it has read its data, and answers late
			<-late
			return answering("LEI")(asked)
		}
		return answering("MDI")(asked)
	})
	earlier := make(chan string, 1)
	go func() {
		found, err := h.directory.Find(context.Background(), one)
		if err != nil {
			t.Error(err)
		}
		earlier <- placesOf(found)
	}()
	require.Eventually(t, first.Load, time.Minute, time.Millisecond)
	found, err := h.directory.FindNow(t.Context(), one)
	require.NoError(t, err)
	require.Equal(t, "MDI", placesOf(found))
	close(late)
	require.Equal(t, "LEI", <-earlier)
	require.Equal(t, "MDI", placesOf(h.finds(one...)), "the later word stays in memory")
	require.Equal(t, 2, h.search.Asked())
}

func TestFindNow_failsAsFindDoes(t *testing.T) {
	h := newHarness(t)
	h.finds(h.numbers(1)...)
	h.search.Down(true)
	_, err := h.directory.FindNow(t.Context(), h.numbers(1))
	require.ErrorIs(t, err, directory.ErrUnavailable, "nothing is taken from memory instead")
	h.search.Down(false)
	found, err := h.directory.FindNow(t.Context(), h.numbers(2500))
	require.NoError(t, err)
	require.Len(t, found, 2500)
	require.Equal(t, 5, h.search.Asked(), "a thousand at a time")

	never := make(chan struct{})
	h.search.Hold(never)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	_, err = h.directory.FindNow(ctx, h.numbers(1))
	require.ErrorIs(t, err, context.Canceled)
	h.directory.Close()
	_, err = h.directory.FindNow(t.Context(), h.numbers(1))
	require.ErrorIs(t, err, directory.ErrUnavailable)
}
