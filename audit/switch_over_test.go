package audit_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// switches appends what a command on the switch-over comes to.
func (b *testLog) switches(command domain.SwitchOverCommand) {
	b.t.Helper()
	state, expected := domain.SwitchOver{}, eventstore.NoStream
	for i, recorded := range b.store.ReadMany(context.Background(), []string{domain.SwitchOverStream})[0].Events {
		fact, err := eventstore.Decode(domain.Events(), recorded)
		require.NoError(b.t, err)
		state, expected = state.Evolve(fact), eventstore.Exactly(uint64(i))
	}
	facts, err := state.Decide(command, b.now, domain.Cause{CommandID: uuid.New(), Actor: "OPERATOR", Source: domain.DPS})
	require.NoError(b.t, err)
	all := eventstore.Append{Stream: domain.SwitchOverStream, Expected: expected}
	for _, fact := range facts {
		all.Events = append(all.Events, eventstore.Encode(fact))
	}
	_, err = b.store.Append(context.Background(), all)
	require.NoError(b.t, err)
}

func TestSwitchOver_isReadWholeAndInOrder(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		none, err := b.reader().OfSwitchOver(t.Context())
		require.NoError(t, err)
		require.Empty(t, none)
		b.switches(domain.StagePrison{PrisonID: "MDI", Stage: domain.StageBoth, Reason: "Trial"})
		b.opens(domaintest.PairOf(alice, bob))
		b.switches(domain.SwitchInbound{Reason: "Over", Force: true})

		entries, err := b.reader().OfSwitchOver(t.Context())
		require.NoError(t, err)
		require.Len(t, entries, 2)
		require.Equal(t, domain.PrisonStaged{PrisonID: "MDI", From: domain.StageNOMIS, To: domain.StageBoth, Reason: "Trial"}, entries[0].Fact.Event)
		require.Equal(t, domain.InboundEnded{Reason: "Over"}, entries[1].Fact.Event)
		for _, entry := range entries {
			require.Empty(t, entry.Fact.Meta.Command, "the command stays inside")
			require.Equal(t, []domain.PrisonerNumber{}, entry.PrisonerNumbers())
		}
		require.Equal(t, []string{domain.TypePrisonStaged, domain.TypeOpened, domain.TypeInboundEnded}, lineTypes(t, b))

		history, err := b.reader().OfPrisoner(t.Context(), append(streams(domaintest.PairOf(alice, bob)), domain.SwitchOverStream), alice)
		require.NoError(t, err)
		require.Equal(t, []string{domain.TypeOpened}, types(history), "it is of no prisoner")
	})
}

// lineTypes are the types of the lines of the feed.
func lineTypes(t *testing.T, b *testLog) []string {
	t.Helper()
	var all []string
	for _, line := range told(t, b.reader().Reader, 0) {
		all = append(all, line.Type)
	}
	return all
}

func TestSwitchOver_thatLostItsBeginningIsRefused(t *testing.T) {
	store := memory.New()
	b := newTestLog(t, store)
	b.switches(domain.SwitchOutbound{Reason: "For now"})
	store.Delete(domain.SwitchOverStream)
	_, err := audit.New(store, audit.Options{London: london}).OfSwitchOver(t.Context())
	require.ErrorIs(t, err, eventstore.ErrNotWhole)
}
