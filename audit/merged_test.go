package audit_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/web/shape"
)

// ofNumber appends what a command of a number's own stream comes to.
func (b *testLog) ofNumber(number domain.PrisonerNumber, message uuid.UUID, decide func(domain.Removal, domain.Cause) []domain.Fact) {
	b.t.Helper()
	removal, expected := domain.Removal{Number: number}, eventstore.NoStream
	stream := b.store.ReadMany(context.Background(), []string{number.Stream()})[0]
	require.NoError(b.t, stream.Err)
	for i, recorded := range stream.Events {
		fact, err := eventstore.Decode(domain.Events(), recorded)
		require.NoError(b.t, err)
		removal, expected = removal.Evolve(fact), eventstore.Exactly(uint64(i))
	}
	all := eventstore.Append{Stream: number.Stream(), Expected: expected}
	for _, fact := range decide(removal, domain.Cause{CommandID: message, Actor: "MERGER", Source: domain.Merge}) {
		all.Events = append(all.Events, eventstore.Encode(fact))
	}
	_, err := b.store.Append(context.Background(), all)
	require.NoError(b.t, err)
}

func (b *testLog) removes(previous, number domain.PrisonerNumber) (message uuid.UUID) {
	b.t.Helper()
	message = uuid.New()
	r := domain.Renumbering{Previous: previous, Number: number, Reason: domain.ByMerge}
	b.ofNumber(previous, message, func(removal domain.Removal, by domain.Cause) []domain.Fact {
		return removal.Remove(domain.RemoveNumber{Renumbering: r}, b.now, by)
	})
	return message
}

func (b *testLog) returns(previous, number domain.PrisonerNumber, message uuid.UUID) {
	b.t.Helper()
	r := domain.Renumbering{Previous: previous, Number: number, Reason: "Two men"}
	b.ofNumber(previous, uuid.New(), func(removal domain.Removal, by domain.Cause) []domain.Fact {
		return removal.Return(domain.ReturnNumber{Renumbering: r, Message: message}, b.now, by)
	})
}

// placeless is a log that sends no positions with its streams.
type placeless struct{ eventstore.Store }

func (p placeless) ReadMany(ctx context.Context, streams []string) []eventstore.Stream {
	read := p.Store.ReadMany(ctx, streams)
	for n := range read {
		read[n].Events = slices.Clone(read[n].Events)
		for i := range read[n].Events {
			read[n].Events[i].Position = eventstore.Position{}
		}
	}
	return read
}

const (
	merged   = domain.TypeMerged
	unmerged = domain.TypeUnmerged
)

func TestMerge_isAnEntryOfItsTwoNumbersInTheOrderOfTheLog(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		ab, as := domaintest.PairOf(alice, bob), domaintest.PairOf(alice, survivor)
		b.opens(ab)
		message := b.removes(bob, survivor)
		b.merges(b.state(ab).Items[0], ab, 0)
		b.opens(domaintest.PairOf(survivor, carol))
		b.returns(bob, survivor, message)
		b.removes(bob, carol)
		b.removes(alice, survivor) // of others than bob

		all := append(streams(ab, as, domaintest.PairOf(survivor, carol)), bob.Stream(), alice.Stream())
		for name, store := range map[string]eventstore.Store{"as it is": b.store, "without places": placeless{b.store}} {
			for number, want := range map[domain.PrisonerNumber][]string{
				bob:      {domain.TypeOpened, merged, domain.TypeTransferredIn, domain.TypeTransferredOut, unmerged, merged},
				survivor: {domain.TypeOpened, merged, domain.TypeTransferredIn, domain.TypeTransferredOut, domain.TypeOpened, unmerged, merged},
				carol:    {domain.TypeOpened, merged},
				alice:    {domain.TypeOpened, domain.TypeTransferredIn, domain.TypeTransferredOut, merged},
			} {
				history, err := shapedReader{audit.New(store, audit.Options{London: london})}.OfPrisoner(t.Context(), all, number)
				require.NoError(t, err)
				require.Equal(t, want, types(history), "%s of %s", name, number)
			}
		}

		history, err := b.reader().OfPrisoner(t.Context(), []string{bob.Stream()}, bob)
		require.NoError(t, err)
		require.Equal(t, []string{merged, unmerged, merged}, types(history), "also without a pair")
		entry := asJSON(t, history.Entries[1])
		require.Nil(t, entry["nonAssociationId"])
		require.Contains(t, entry, "nonAssociationId")
		require.Nil(t, entry["before"])
		require.Nil(t, entry["after"])
		require.Equal(t, "Two men", entry["reason"])
		require.Equal(t, "MERGE", entry["source"])
		require.Equal(t, 1.0, entry["revision"])
		require.Equal(t, map[string]any{"previousPrisonerNumber": "A9109UD", "prisonerNumber": "B2345BB"}, entry["renumbered"])

		var lines []shape.Entry
		for _, line := range told(t, b.reader().Reader, 0) {
			if line.PrisonerNumbers[0] == bob && line.NonAssociationID == nil || line.PrisonerNumbers[1] == carol && line.NonAssociationID == nil {
				lines = append(lines, line.Entry)
			}
		}
		require.Equal(t, history.Entries, lines, "the feed says the same")
	})
}

func TestMerge_isNothingThatIsHeldOfAPerson(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		b.opens(domaintest.PairOf(alice, carol))
		b.removes(bob, survivor)
		answer, err := b.subjectAccess(t.Context(), b.reader().Reader, []string{bob.Stream(), domaintest.PairOf(alice, carol).Stream()}, subjectOf(b, bob, "", ""))
		require.NoError(t, err)
		require.False(t, answer.held.Ever)
		require.Empty(t, answer.held.Records)
	})
}
