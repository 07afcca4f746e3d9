package statecache // about what the package hides: how much it remembers

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

func statesOf(t *testing.T, n, items int) []domain.State {
	t.Helper()
	states := make([]domain.State, n)
	for i := range states {
		pair, err := domain.ParsePair(fmt.Sprintf("A%04dAA_B0000BB", i))
		require.NoError(t, err)
		states[i] = domain.State{Pair: pair, Items: make([]domain.NonAssociation, items)}
	}
	return states
}

func TestCache_holdsNoMoreThanItsLimitAndForgetsTheOldest(t *testing.T) {
	c := NewFactCache(memory.New(), 20)
	states := statesOf(t, 100, 3)
	for i, state := range states {
		c.Put(state, 7)
		c.Put(state, 7) // as another reader does
		require.LessOrEqual(t, c.size, c.limit)
		if i > 0 {
			_, there := c.find(fact{states[0].Pair, 7}) // one that is used stays
			require.True(t, there)
		}
	}
	require.Equal(t, 20, c.size)
	require.Len(t, c.byFact, 5)
	require.Equal(t, 5, c.recent.Len())
	_, there := c.find(fact{states[50].Pair, 7})
	require.False(t, there)
	for _, revision := range []uint64{6, 8} {
		_, there = c.find(fact{states[99].Pair, revision})
		require.False(t, there, "a state is of one revision")
	}
	c.Put(statesOf(t, 1, 50)[0], 1)
	require.Equal(t, 20, c.size, "one that is too large pushes nothing out")
}

// amended writes a pair of n facts.
func amended(t *testing.T, log eventstore.Store, n int) domain.Pair {
	t.Helper()
	pair, err := domain.ParsePair("A0135GA_A9109UD")
	require.NoError(t, err)
	id, command := uuid.New(), uuid.New()
	at := time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)
	all := []domain.Event{domain.Opened{NonAssociationID: id, PrisonerNumber: "A0135GA"}}
	for i := range n - 1 {
		all = append(all, domain.SequenceLearned{NonAssociationID: id, TypeSequence: i + 1})
	}
	var events []eventstore.Event
	for i, event := range all {
		events = append(events, eventstore.Encode(domain.Fact{
			ID:   domain.EventID(command, pair.Stream(), i),
			Meta: domain.Meta{Cause: domain.Cause{CommandID: command, Source: domain.NOMIS}, Index: i, Count: n, DecidedAt: at, OccurredAt: at}, Event: event,
		}))
	}
	_, err = log.Append(t.Context(), eventstore.Append{Stream: pair.Stream(), Expected: eventstore.NoStream, Events: events})
	require.NoError(t, err)
	return pair
}

// Readers at different places of one pair share a cache: each gets the state of
// its own place, remembered or not.
func TestReaders_atDifferentPlacesDoNotMistakeEachOther(t *testing.T) {
	const facts = 30
	log := memory.New()
	pair := amended(t, log, facts)
	c := NewFactCache(log, 12) // six states
	var all sync.WaitGroup
	for reader := range 8 {
		all.Go(func() {
			for at := range uint64(facts) {
				revision := (at*7 + uint64(reader)) % facts
				before, err := c.StateBefore(context.Background(), pair, revision+1)
				if err != nil || len(before.Items) != 1 || before.Items[0].TypeSequence != int(revision) {
					t.Errorf("before %d: %+v, %v", revision+1, before, err)
				}
				c.Put(before, revision)
			}
		})
	}
	all.Wait()
	before, err := c.StateBefore(t.Context(), pair, 0)
	require.NoError(t, err)
	require.Equal(t, domain.State{Pair: pair}, before)
	_, err = c.StateBefore(t.Context(), pair, facts+1)
	require.ErrorIs(t, err, eventstore.ErrNotWhole)
}

func TestPairCache_readsNothingTwice(t *testing.T) {
	log := memory.New()
	pair := amended(t, log, 3)
	c := NewFactCache(log, 12)
	state, err := c.StateBefore(t.Context(), pair, 3)
	require.NoError(t, err)
	c.Put(state, 2)
	require.NoError(t, log.Close(t.Context()))
	again, err := c.StateBefore(t.Context(), pair, 3)
	require.NoError(t, err)
	require.Equal(t, state, again)
	_, err = c.StateBefore(t.Context(), pair, 2)
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
}
