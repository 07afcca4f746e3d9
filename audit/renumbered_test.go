package audit_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/web/shape"
)

const survivor domain.PrisonerNumber = "B2345BB"

// merges moves one of alice's non-associations with bob to his surviving number.
func (b *testLog) merges(n domain.NonAssociation, from domain.Pair, revision uint64) domain.Pair {
	b.t.Helper()
	to := domaintest.PairOf(alice, survivor)
	r := domain.Renumbering{Previous: bob, Number: survivor, Reason: domain.ByMerge}
	b.does(to, domain.Merge, "MERGER", domain.TransferIn{
		Renumbering: r, From: from, Revision: revision, Records: []domain.TransferredRecord{{NonAssociation: r.Of(n)}},
	})
	b.does(from, domain.Merge, "MERGER", domain.TransferOut{Renumbering: r, To: to, Revision: revision, IDs: []uuid.UUID{n.ID}})
	return to
}

func TestRenumberedOne_hasOneHistoryWhicheverNumberIsAsked(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		from := domaintest.PairOf(alice, bob)
		id, other := b.opens(from), b.opens(domaintest.PairOf(bob, carol))
		to := b.merges(b.state(from).Items[0], from, 0)
		b.amends(to, id, "under the new number")

		want := []string{domain.TypeOpened, domain.TypeTransferredIn, domain.TypeTransferredOut, domain.TypeAmended}
		history, err := b.reader().OfNonAssociation(t.Context(), streams(to), id)
		require.NoError(t, err)
		require.Equal(t, want, types(history), "the log itself says where it has been")
		for _, asked := range [][]string{streams(from), streams(to), streams(to, from)} {
			again, err := b.reader().OfNonAssociation(t.Context(), asked, id)
			require.NoError(t, err)
			require.Equal(t, history, again)
		}

		arrived, left := history.Entries[1], history.Entries[2]
		require.Equal(t, shape.Arrived, arrived.Renumbered.Phase)
		require.Equal(t, "MERGE", *arrived.Reason)
		require.Equal(t, domain.Merge, arrived.Source)
		require.Equal(t, history.Entries[0].After, arrived.Before)
		require.Equal(t, bob, arrived.Before.FirstPrisonerNumber)
		require.Equal(t, survivor, arrived.After.FirstPrisonerNumber)
		require.Equal(t, alice, arrived.After.SecondPrisonerNumber)
		require.Equal(t, shape.Left, left.Renumbered.Phase)
		require.Equal(t, bob, left.Before.FirstPrisonerNumber)
		require.Nil(t, left.After)
		require.NotContains(t, asJSON(t, history.Entries[0]), "renumbered")

		for number, asked := range map[domain.PrisonerNumber]domain.Pair{survivor: to, alice: to} {
			history, err := b.reader().OfPrisoner(t.Context(), streams(asked, domaintest.PairOf(bob, carol)), number)
			require.NoError(t, err)
			require.Equal(t, want, types(history))
		}
		whole, err := b.reader().OfPrisoner(t.Context(), streams(from, domaintest.PairOf(bob, carol)), bob)
		require.NoError(t, err)
		require.Len(t, whole.Entries, 5)
		require.Equal(t, other, *whole.Entries[1].NonAssociationID)
	})
}

func TestFeed_givesBothHalvesOfARenumbering(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		from := domaintest.PairOf(alice, bob)
		id := b.opens(from)
		to := b.merges(b.state(from).Items[0], from, 0)
		b.amends(to, id, "under the new number")
		history, err := b.reader().OfNonAssociation(t.Context(), streams(to), id)
		require.NoError(t, err)
		lines := told(t, b.reader().Reader, 0)
		require.Len(t, lines, len(history.Entries))
		for i, line := range lines {
			require.Equal(t, history.Entries[i], line.Entry)
		}
		require.Equal(t, []domain.PrisonerNumber{alice, survivor}, lines[1].PrisonerNumbers)
		require.Equal(t, []domain.PrisonerNumber{alice, bob}, lines[2].PrisonerNumbers)
	})
}

func TestSubjectAccess_knowsWhatWasDeletedUnderAnotherNumber(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		from := domaintest.PairOf(alice, bob)
		id := b.opens(from)
		b.does(from, domain.DPS, "DELETER", domain.Delete{ID: id, DeletionReason: "Mistake", RequestedBy: "AJONES"})
		to := b.merges(b.state(from).Items[0], from, 1)

		answer, err := b.subjectAccess(t.Context(), b.reader().Reader, streams(to), subjectOf(b, survivor, "", ""))
		require.NoError(t, err)
		require.Equal(t, []uuid.UUID{id}, idsOf(answer))
		require.Equal(t, "AJONES", answer.Content.NonAssociations[0].Deleted.By)

		answer, err = b.subjectAccess(t.Context(), b.reader().Reader, streams(from), subjectOf(b, bob, "", ""))
		require.NoError(t, err)
		require.True(t, answer.held.Ever, "what was held of the number went on to another")
	})
}

// What was deleted under a removed number stayed there, and is held about the
// same person; what was there in two pairs at once is told once.
func TestSubjectAccess_givesWhatStayedUnderARemovedNumber(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		from, own := domaintest.PairOf(alice, bob), domaintest.PairOf(bob, survivor)
		deleted := b.opens(from)
		b.does(from, domain.DPS, "DELETER", domain.Delete{ID: deleted, DeletionReason: "Mistake", RequestedBy: "AJONES"})
		moved, between := b.opens(from), b.opens(own)
		merged := domain.Renumbering{Previous: bob, Number: survivor, Reason: domain.ByMerge}
		b.does(own, domain.Merge, "MERGER", domain.DeleteSelfPair{Renumbering: merged, IDs: []uuid.UUID{between}})
		to := domaintest.PairOf(alice, survivor)
		record := b.state(from).Items[1]
		b.does(to, domain.Merge, "MERGER", domain.TransferIn{
			Renumbering: merged, From: from, Revision: 2, Records: []domain.TransferredRecord{{NonAssociation: merged.Of(record)}},
		})
		subject := subjectOf(b, survivor, "", "")
		subject.Removed = []domain.PrisonerNumber{bob}
		for _, halfDone := range []bool{true, false} {
			if !halfDone {
				b.does(from, domain.Merge, "MERGER", domain.TransferOut{Renumbering: merged, To: to, Revision: 2, IDs: []uuid.UUID{moved}})
			}
			answer, err := b.subjectAccess(t.Context(), b.reader().Reader, streams(to, from, own), subject)
			require.NoError(t, err)
			require.ElementsMatch(t, []uuid.UUID{deleted, moved, between}, idsOf(answer))
			require.Equal(t, 1, answer.Content.OpenCount)
			for _, item := range answer.Content.NonAssociations {
				require.Equal(t, item.ID != moved, item.Deleted != nil)
			}
		}

		subject.Removed = nil
		answer, err := b.subjectAccess(t.Context(), b.reader().Reader, streams(to, own), subject)
		require.NoError(t, err)
		require.ElementsMatch(t, []uuid.UUID{moved, between}, idsOf(answer))
	})
}

func TestOne_thatIsRestoredWhereItIsWasNotThereBefore(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		pair := domaintest.PairOf(bob, survivor)
		id := b.opens(pair)
		before := b.state(pair).Items[0]
		merged := domain.Renumbering{Previous: bob, Number: survivor, Reason: domain.ByMerge}
		b.does(pair, domain.Merge, "MERGER", domain.DeleteSelfPair{Renumbering: merged, IDs: []uuid.UUID{id}})
		b.does(pair, domain.Merge, "MERGER", domain.Restore{
			Renumbering: domain.Renumbering{Previous: survivor, Number: bob, Reason: "Two men"}, Records: []domain.NonAssociation{before},
		})

		history, err := b.reader().OfNonAssociation(t.Context(), streams(pair), id)
		require.NoError(t, err)
		require.Equal(t, []string{domain.TypeOpened, domain.TypeDeleted, domain.TypeRestored}, types(history))
		deleted, restored := history.Entries[1], history.Entries[2]
		require.Nil(t, deleted.After)
		require.Equal(t, shape.Arrived, restored.Renumbered.Phase)
		require.Nil(t, restored.Before, "it was deleted")
		require.Equal(t, deleted.Before.FirstPrisonerRole, restored.After.FirstPrisonerRole)
		require.Equal(t, deleted.Before.SecondPrisonerRole, restored.After.SecondPrisonerRole)

		lines := told(t, b.reader().Reader, 0)
		require.Len(t, lines, len(history.Entries))
		require.Equal(t, restored, lines[2].Entry)
	})
}
