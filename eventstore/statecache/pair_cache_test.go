package statecache // about what the package hides: how much it remembers

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

func TestStates_areForgottenTheOldestFirst(t *testing.T) {
	m := NewPairCache(memory.New(), 20)
	pairs := make([]domain.Pair, 100)
	for i := range pairs {
		pair, err := domain.ParsePair(fmt.Sprintf("A%04dAA_B0000BB", i))
		require.NoError(t, err)
		pairs[i] = pair
		m.Put(domain.State{Pair: pair, Items: make([]domain.NonAssociation, 3)}, 7)
		require.LessOrEqual(t, m.size, m.limit)
	}
	require.Len(t, m.byPair, 5)
	nearest := func(pair domain.Pair, revision uint64) uint64 {
		_, next := m.nearest(pair, revision)
		return next
	}
	require.EqualValues(t, 8, nearest(pairs[99], 8))
	require.EqualValues(t, 8, nearest(pairs[99], 9), "the rest is read from there on")
	require.Zero(t, nearest(pairs[99], 7), "it is of a later revision")
	require.Zero(t, nearest(pairs[94], 8))

	m.Put(domain.State{Pair: pairs[0], Items: make([]domain.NonAssociation, 50)}, 7)
	require.Len(t, m.byPair, 1, "one that is too large stays alone")
	m.Put(domain.State{Pair: pairs[0]}, 8)
	require.Equal(t, 1, m.size)
	require.Len(t, m.byPair, m.recent.Len())
}

func TestPairCache_readsFromTheLogWhatItLacks(t *testing.T) {
	log := memory.New()
	pair, err := domain.ParsePair("A0135GA_A9109UD")
	require.NoError(t, err)
	id, command := uuid.New(), uuid.New()
	at := time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)
	var events []eventstore.Event
	for i, event := range []domain.Event{
		domain.Opened{NonAssociationID: id, PrisonerNumber: "A0135GA"},
		domain.SequenceLearned{NonAssociationID: id, TypeSequence: 4},
		domain.Deleted{NonAssociationID: id},
	} {
		events = append(events, eventstore.Encode(domain.Fact{
			ID:   domain.EventID(command, pair.Stream(), i),
			Meta: domain.Meta{Cause: domain.Cause{CommandID: command, Source: domain.NOMIS}, Index: i, Count: 3, DecidedAt: at, OccurredAt: at}, Event: event,
		}))
	}
	_, err = log.Append(t.Context(), eventstore.Append{Stream: pair.Stream(), Expected: eventstore.NoStream, Events: events})
	require.NoError(t, err)

	m := NewPairCache(log, 20)
	before, err := m.StateBefore(t.Context(), pair, 2)
	require.NoError(t, err)
	require.Len(t, before.Items, 1)
	require.Equal(t, 4, before.Items[0].TypeSequence)
	require.False(t, before.Items[0].Deleted)
	m.Put(before, 1)
	before, err = m.StateBefore(t.Context(), pair, 3)
	require.NoError(t, err)
	require.True(t, before.Items[0].Deleted)
	before, err = m.StateBefore(t.Context(), pair, 0)
	require.NoError(t, err)
	require.Equal(t, domain.State{Pair: pair}, before)
	_, err = m.StateBefore(t.Context(), pair, 9)
	require.ErrorContains(t, err, "ends before revision 9")
}
