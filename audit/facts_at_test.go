package audit_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
)

func TestFactsAt_areThoseOfTheTimeline(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		pair := domaintest.PairOf(alice, bob)
		id := b.opens(pair)
		b.amends(pair, id, "more")
		b.delivers(pair, id, 4)
		b.removes(carol, survivor)
		b.does(pair, domain.DPS, "DELETER", domain.Delete{ID: id, DeletionReason: "Mistake", RequestedBy: "AJONES"})
		events, err := b.store.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 100)
		require.NoError(t, err)
		var places []eventstore.Position
		for _, e := range slices.Backward(events) {
			if eventstore.HasPrefix(e.Stream, domain.StreamPrefixes()) {
				places = append(places, e.Position)
			}
		}

		reader := b.reader().Reader
		facts, err := reader.FactsAt(t.Context(), places)
		require.NoError(t, err)
		require.Equal(t, []audit.Act{audit.Deleted, audit.NumbersMerged, "", "", audit.Updated, audit.Added}, acts(facts))
		require.Equal(t, "AJONES", facts[0].RequestedBy)
		require.Equal(t, "more", *facts[4].Changes[0].Now)
		require.Nil(t, facts[4].Fact.Meta.Command)
		require.Equal(t, []domain.PrisonerNumber{survivor, carol}, facts[1].PrisonerNumbers())
		require.Nil(t, facts[0].After)

		none, err := reader.FactsAt(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, none)
		beyond := places[0]
		beyond.Commit, beyond.Prepare = beyond.Commit+1_000_000, beyond.Prepare+1_000_000
		_, err = reader.FactsAt(t.Context(), []eventstore.Position{places[1], beyond})
		require.ErrorContains(t, err, "position")
		require.NoError(t, b.store.Close(context.Background()))
		_, err = reader.FactsAt(t.Context(), places)
		require.ErrorIs(t, err, eventstore.ErrUnavailable)
	})
}
