package whereabouts_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries/directory"
	"nonassociations/queries/whereabouts"
)

func TestLocations_areFreshForAMinute(t *testing.T) {
	w := newWhere(t)
	w.people.put("A1111AA", "XAA", "A-1-001")
	first, err := w.Locations().Of(t.Context(), "XAA")
	require.NoError(t, err)
	require.Equal(t, noon, first.At)
	require.Len(t, first.ByNumber, 1)

	w.people.put("A1111AA", "XAA", "A-1-002")
	w.pass(whereabouts.Fresh - time.Nanosecond)
	again, err := w.Locations().Of(t.Context(), "XAA")
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Equal(t, 1, w.search.Asked())

	w.pass(time.Nanosecond)
	later, err := w.Locations().Of(t.Context(), "XAA")
	require.NoError(t, err)
	require.Equal(t, "A-1-002", later.ByNumber["A1111AA"].CellLocation)
	require.Equal(t, noon.Add(whereabouts.Fresh), later.At)
	require.Equal(t, 2, w.search.Asked())
}

func TestLocations_ofADirectoryThatIsAwayAreTheLast(t *testing.T) {
	w := newWhere(t)
	w.people.put("A1111AA", "XAA", "A-1-001")
	first, err := w.Locations().Of(t.Context(), "XAA")
	require.NoError(t, err)
	w.search.Down(true)
	for range 3 {
		w.pass(time.Hour)
		last, err := w.Locations().Of(t.Context(), "XAA")
		require.NoError(t, err)
		require.Equal(t, first, last, "with its age")
	}
	_, err = w.Locations().Of(t.Context(), "XAB")
	require.ErrorIs(t, err, whereabouts.ErrNoLocations)
	require.ErrorIs(t, err, directory.ErrUnavailable)
}

// One call asks for all who wait, and whoever leaves does not end it.
func TestLocations_areAskedForOnceAtATime(t *testing.T) {
	w := newWhere(t)
	w.people.put("A1111AA", "XAA", "A-1-001")
	held := make(chan struct{})
	w.search.Hold(held)
	leaving, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := w.Locations().Of(leaving, "XAA")
		left <- err
	}()
	require.Eventually(t, func() bool { return w.search.Asked() == 1 }, time.Minute, time.Millisecond)
	var waiting sync.WaitGroup
	answers := make(chan whereabouts.People, 20)
	for range cap(answers) {
		waiting.Go(func() {
			people, err := w.Locations().Of(t.Context(), "XAA")
			if err == nil {
				answers <- people
			}
		})
	}
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	close(held)
	waiting.Wait()
	require.Len(t, answers, cap(answers))
	require.Equal(t, 1, w.search.Asked())
}

func TestLocations_sayHowManyCouldNotBeRead(t *testing.T) {
	w := newWhere(t)
	for _, number := range []domain.PrisonerNumber{"A1111AA", "B1111BB", "C1111CC"} {
		w.people.put(number, "XAA", "A-1-001")
	}
	w.search.Miss(2)
	people, err := w.Locations().Of(t.Context(), "XAA")
	require.NoError(t, err)
	require.Len(t, people.ByNumber, 1)
	require.Equal(t, 2, people.Missing)
}

func TestPrison_isKnownByItsPeopleOrTheCaseloads(t *testing.T) {
	w := newWhere(t)
	w.people.put("A1111AA", "XAA", "A-1-001")
	for _, c := range []struct {
		prison    domain.PrisonID
		caseloads []domain.PrisonID
		want      bool
	}{
		{"XAA", nil, true},
		{"XAB", nil, false},
		{"XAB", []domain.PrisonID{"XAC"}, false},
		{"XAB", []domain.PrisonID{"XAB"}, true},
		{"OUT", []domain.PrisonID{"OUT"}, false},
		{"TRN", nil, false},
	} {
		is, err := w.IsKnown(t.Context(), c.prison, c.caseloads)
		require.NoError(t, err)
		require.Equal(t, c.want, is, "%v", c)
	}
	w.search.Miss(1)
	w.pass(time.Hour)
	is, err := w.IsKnown(t.Context(), "XAA", nil)
	require.NoError(t, err)
	require.True(t, is, "somebody is there, who could not be read")
	w.search.Down(true)
	is, err = w.IsKnown(t.Context(), "XAB", []domain.PrisonID{"XAB"})
	require.NoError(t, err)
	require.True(t, is)
	_, err = w.IsKnown(t.Context(), "XAB", nil)
	require.ErrorIs(t, err, whereabouts.ErrNoLocations, "it is not known, and not unknown")
}

func TestPrison_hasTheNameThatTheDirectoryGave(t *testing.T) {
	w := newWhere(t)
	w.people.put("A1111AA", "XAA", "A-1-001")
	require.Equal(t, "XAA", w.Locations().NameOf("XAA"))
	_, err := w.Locations().Of(t.Context(), "XAA")
	require.NoError(t, err)
	require.Equal(t, "Example A (HMP)", w.Locations().NameOf("XAA"))
	require.Equal(t, "XAB", w.Locations().NameOf("XAB"))
}
