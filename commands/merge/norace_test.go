//go:build !race

// Walks by one caller over much data or many orders, which take ten times as long under
// the race detector and have nothing for it to find: what is done at once, and the same
// steps over little data, is in the other files.

package merge_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
)

// many is more than one append can hold, whichever way it is counted.
const many = 1000

// tellsMany records closed non-associations of a pair with the longest texts
// that NOMIS can send, and an open one.
func (e *fixture) tellsMany(one, other domain.PrisonerNumber) {
	e.t.Helper()
	longest := strings.Repeat("𝕏", domain.MaxComment)
	for from := 0; from < many; from += domain.MaxItems {
		tell := told(domaintest.PairOf(one, other), longest)
		like := tell[0].Sync.Items[0]
		tell[0].Sync.Items = nil
		for n := from; n < min(from+domain.MaxItems, many); n++ {
			item := like
			day := fmt.Sprintf("%04d-%02d-%02dT00:00:00", 1900+n/300, 1+n/28%11, 1+n%28)
			item.EffectiveDate, item.ExpiryDate = domain.LocalDateTime(day), new(domain.LocalDateTime(day))
			if n == many-1 {
				item.ExpiryDate = nil
			}
			tell[0].Sync.Items = append(tell[0].Sync.Items, item)
		}
		_, err := e.Sync(e.t.Context(), domaintest.NewCause(domain.NOMIS), tell)
		require.NoError(e.t, err)
	}
	require.Len(e.t, e.state(one, other).Items, many)
}

// untilDone runs a step that is killed behind its next append or the one after
// that, in turn, and looks at what is left between.
func (e *fixture) untilDone(step func(service) error, look func()) (kills int) {
	e.t.Helper()
	for ; ; kills++ {
		require.Less(e.t, kills, 100, "it ends")
		err := step(newService(&interrupted{Store: e.log, after: killedAt(1 + kills%2)}))
		look()
		if err == nil {
			return kills
		}
		require.ErrorIs(e.t, err, errKilled)
	}
}

// everyOne looks that each of the records, and no other, is in one of the pairs
// at least.
func (e *fixture) everyOne(ids []uuid.UUID, pairs ...domain.State) {
	e.t.Helper()
	found := map[uuid.UUID]bool{}
	for _, pair := range pairs {
		for _, n := range pair.Items {
			found[n.ID] = true
		}
	}
	require.Len(e.t, found, len(ids))
	for _, id := range ids {
		require.True(e.t, found[id])
	}
}

func TestMerge_ofALargePairGoesInPartsAndBack(t *testing.T) {
	t.Parallel()
	e := newFixture(t)
	e.tellsMany(removed, third)
	stood := e.opens(survivor, third)
	ids := idsIn(e.state(removed, third))
	cause := message()
	look := func() { e.everyOne(append(ids, stood), e.state(removed, third), e.state(survivor, third)) }
	kills := e.untilDone(func(s service) error {
		_, err := s.Apply(t.Context(), cause, merging, pairs{e.log})
		return err
	}, look)
	require.Greater(t, kills, 4, "in parts")
	require.Empty(t, e.state(removed, third).Items)
	require.ElementsMatch(t, append(ids, stood), idsIn(e.state(survivor, third)))
	require.Equal(t, 1, notClosed(e.state(survivor, third)))

	e.untilDone(func(s service) error {
		_, err := s.Undo(t.Context(), cause, wrong, false)
		return err
	}, look)
	require.ElementsMatch(t, ids, idsIn(e.state(removed, third)))
	require.Equal(t, []uuid.UUID{stood}, idsIn(e.state(survivor, third)))
	require.Equal(t, 1, notClosed(e.state(survivor, third)))

	events, err := e.log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 100_000)
	require.NoError(t, err)
	requireOneStory(t, events)
}

func TestMerge_deletesALargePairBetweenTheTwoInParts(t *testing.T) {
	t.Parallel()
	e := newFixture(t)
	e.tellsMany(removed, survivor)
	cause := message()
	kills := e.untilDone(func(s service) error {
		_, err := s.Apply(t.Context(), cause, merging, pairs{e.log})
		return err
	}, func() {})
	require.Positive(t, kills)
	for _, n := range e.state(removed, survivor).Items {
		require.True(t, n.Deleted)
	}
	undone, err := e.Undo(t.Context(), cause, wrong, false)
	require.NoError(t, err)
	require.Len(t, undone.Changes, many)
	for _, n := range e.state(removed, survivor).Items {
		require.False(t, n.Deleted)
	}
}

// Each message is killed behind one of its appends, any of them, and comes again
// at the end.
func TestMerge_aChainIsFollowedInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, order := range orders(chain()) {
		for cuts := range 4 * 4 * 4 {
			e := newFixture(t)
			ids := []uuid.UUID{e.opens(removed, third), e.opens(survivor, high), e.opens(fourth, third)}
			for i, d := range order {
				cut := []int{cuts % 4, cuts / 4 % 4, cuts / 16}[i]
				_, err := newService(&interrupted{Store: e.log, after: killedAt(cut)}).Apply(t.Context(), d.cause, d.message, pairs{e.log})
				if err != nil {
					require.ErrorIs(t, err, errKilled)
				}
			}
			for _, d := range order {
				e.merges(d.cause, d.message)
			}
			require.ElementsMatch(t, []uuid.UUID{ids[0], ids[2]}, idsIn(e.state(low, third)))
			require.Equal(t, []uuid.UUID{ids[1]}, idsIn(e.state(low, high)))
			for _, number := range []domain.PrisonerNumber{removed, survivor, fourth} {
				for _, other := range []domain.PrisonerNumber{third, high} {
					require.Empty(t, e.state(number, other).Items)
				}
			}
			size := e.size()
			for _, d := range order {
				require.Empty(t, e.merges(d.cause, d.message))
			}
			require.Equal(t, size, e.size())
		}
	}
}
