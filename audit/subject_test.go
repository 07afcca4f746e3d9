package audit_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

func subjectOf(b *testLog, number domain.PrisonerNumber, from, to string) audit.Subject {
	return audit.Subject{
		PrisonerNumber: number, FromDate: from, ToDate: to,
	}
}

func TestSubjectAccess_showsEverythingAlsoWhatWasDeleted(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		ab, ac, bc := domaintest.PairOf(alice, bob), domaintest.PairOf(alice, carol), domaintest.PairOf(bob, carol)
		deleted, open := b.opens(ab), b.opens(ac)
		b.opens(bc)
		b.does(ab, domain.DPS, "DELETER", domain.Delete{ID: deleted, DeletionReason: "Mistake", RequestedBy: "AJONES"})

		answer, err := b.subjectAccess(t.Context(), b.reader().Reader, streams(ab, ac, bc), subjectOf(b, alice, "", ""))
		require.NoError(t, err)
		require.NotEmpty(t, answer.held.Records)
		require.Equal(t, []uuid.UUID{open, deleted}, idsOf(answer), "newest first")
		require.Equal(t, 1, answer.Content.OpenCount)
		require.Zero(t, answer.Content.ClosedCount)

		content := asJSON(t, answer)["content"].(map[string]any)
		require.Equal(t, "A0135GA", content["prisonerNumber"])
		items := content["nonAssociations"].([]any)
		require.Contains(t, items[0], "deleted")
		require.Nil(t, items[0].(map[string]any)["deleted"])
		require.Equal(t, map[string]any{"at": "2026-07-18T12:30:15.25", "by": "AJONES", "reason": "Mistake"},
			items[1].(map[string]any)["deleted"])
		require.Equal(t, map[string]any{
			"prisonerNumber": "C1234CC", "role": "PERPETRATOR", "roleDescription": "Perpetrator",
			"firstName": nil, "lastName": nil, "prisonId": nil, "prisonName": nil, "cellLocation": nil,
		}, items[0].(map[string]any)["otherPrisonerDetails"])
		require.Equal(t, "VICTIM", items[0].(map[string]any)["role"])
	})
}

func TestSubjectAccess_holdsItsDaysAgainstTheLastChange(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		pair := domaintest.PairOf(alice, bob)
		id := b.opens(pair)             // on the 15th
		b.amends(pair, id, "and again") // on the 16th
		for days, want := range map[[2]string]int{
			{"2026-07-16", "2026-07-16"}: 200, {"2026-07-16", ""}: 200, {"", "2026-07-16"}: 200,
			{"", "2026-07-15"}: 204, {"2026-07-17", ""}: 204, {"2026-07-15", "2026-07-15"}: 204,
		} {
			answer, err := b.subjectAccess(t.Context(), b.reader().Reader, streams(pair), subjectOf(b, bob, days[0], days[1]))
			require.NoError(t, err)
			require.Equal(t, want == 200, len(answer.held.Records) > 0, days)
		}
	})
}

func TestSubjectAccess_theDirectoryDecidesWhenNothingIsHeld(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		pair := domaintest.PairOf(alice, bob)
		b.opens(pair)
		answer, err := b.subjectAccess(t.Context(), b.reader().Reader, streams(pair), subjectOf(b, carol, "", ""))
		require.NoError(t, err)
		require.Empty(t, answer.held.Records)
		require.False(t, answer.held.Ever)
	})
}

func TestCounts_followFromTheDay(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		pair := domaintest.PairOf(alice, bob)
		id := b.opens(pair)
		b.does(pair, domain.DPS, "CLOSER", domain.Close{ID: id, ClosedReason: "Friends"})
		b.opens(pair)
		answer, err := b.subjectAccess(t.Context(), b.reader().Reader, streams(pair), subjectOf(b, alice, "", ""))
		require.NoError(t, err)
		require.Equal(t, 1, answer.Content.OpenCount)
		require.Equal(t, 1, answer.Content.ClosedCount)
	})
}

func idsOf(answer shapedSubject) []uuid.UUID {
	var ids []uuid.UUID
	for _, item := range answer.Content.NonAssociations {
		ids = append(ids, item.ID)
	}
	return ids
}
