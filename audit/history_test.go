package audit_test

import (
	"context"
	stdjson "encoding/json"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/web/shape"
)

func TestHistory_hasActorTimeAndWhatItWasBeforeAndAfter(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		pair := domaintest.PairOf(alice, bob)
		id := b.opens(pair)
		b.amends(pair, id, "They fight at meals")
		closedAt := domain.LocalDateTime("2026-07-16T09:00:00")
		b.does(pair, domain.DPS, "CLOSER", domain.Close{ID: id, ClosedReason: "Friends", ClosedBy: "BOSS", ClosedAt: &closedAt})
		b.does(pair, domain.DPS, "OPENER", domain.Reopen{ID: id, ReopenReason: "Not friends"})
		b.does(pair, domain.DPS, "DELETER", domain.Delete{ID: id, DeletionReason: "Mistake", RequestedBy: "AJONES"})

		history, err := b.reader().OfNonAssociation(t.Context(), streams(pair), id)
		require.NoError(t, err)
		require.Equal(t, []string{
			domain.TypeOpened, domain.TypeAmended, domain.TypeClosed, domain.TypeReopened, domain.TypeDeleted,
		}, types(history))

		opened, amended, closed, reopened, deleted := history.Entries[0], history.Entries[1], history.Entries[2], history.Entries[3], history.Entries[4]
		require.Equal(t, "OPENER", opened.Actor)
		require.Equal(t, domain.LocalDateTime("2026-07-15T12:30:15"), opened.OccurredAt)
		require.Nil(t, opened.Before)
		require.Nil(t, opened.Reason)
		require.Equal(t, map[string]any{
			"id": id.String(), "firstPrisonerNumber": "A9109UD", "firstPrisonerRole": "PERPETRATOR",
			"firstPrisonerRoleDescription": "Perpetrator", "firstPrisonerReasonCode": "PER",
			"secondPrisonerNumber": "A0135GA", "secondPrisonerRole": "VICTIM", "secondPrisonerRoleDescription": "Victim",
			"secondPrisonerReasonCode": "VIC", "reason": "THREAT", "reasonDescription": "Threat",
			"restrictionType": "LANDING", "restrictionTypeDescription": "Cell and landing", "typeCode": "LAND",
			"comment": "They fight", "whenCreated": "2026-07-15T12:30:15.25", "whenUpdated": "2026-07-15T12:30:15.25",
			"updatedBy": "OPENER", "isClosed": false, "closedBy": nil, "closedReason": nil, "closedAt": nil, "isOpen": true,
			"authorisedBy": "OPENER", "effectiveDate": "2026-07-15T12:30:15", "typeSequence": nil,
		}, asJSON(t, opened.After))

		require.Equal(t, opened.After, amended.Before)
		require.Equal(t, "They fight at meals", *amended.After.Comment)
		require.Equal(t, "2026-07-16T12:30:15.25", amended.After.WhenUpdated)
		require.Equal(t, closedAt, closed.OccurredAt)
		require.Equal(t, "Friends", *closed.Reason)
		require.True(t, closed.After.IsClosed)
		require.Equal(t, "BOSS", *closed.After.ClosedBy)
		require.Equal(t, "Not friends", *reopened.Reason)
		require.True(t, reopened.Before.IsClosed)
		require.False(t, reopened.After.IsClosed)
		require.Equal(t, "Mistake", *deleted.Reason)
		require.Equal(t, "AJONES", *deleted.RequestedBy)
		require.Equal(t, "DELETER", deleted.Actor)
		require.Equal(t, reopened.After, deleted.Before)
		require.Nil(t, deleted.After)
	})
}

func TestEntry_hasTheseKeysAndNoCommand(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		pair := domaintest.PairOf(alice, bob)
		id := b.opens(pair)
		history, err := b.reader().OfNonAssociation(t.Context(), streams(pair), id)
		require.NoError(t, err)
		entry := asJSON(t, history.Entries[0])
		recordedAt, err := time.Parse(time.RFC3339, entry["recordedAt"].(string))
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), recordedAt, time.Hour)
		require.Regexp(t, `[+-]\d\d:\d\d$`, entry["recordedAt"])
		require.Equal(t, 1.0, entry["position"])
		require.Equal(t, 0.0, entry["revision"])
		keys := []string{
			"eventId", "type", "nonAssociationId", "actor", "source", "occurredAt", "recordedAt", "revision", "position",
			"reason", "before", "after",
		}
		require.Len(t, entry, len(keys))
		strict, err := json.Marshal(history)
		require.NoError(t, err)
		usual, err := stdjson.Marshal(history)
		require.NoError(t, err)
		require.Equal(t, string(usual), string(strict), "whichever encoder writes it")
		for _, key := range keys {
			require.Contains(t, entry, key)
		}
	})
}

func TestPrisonersHistory_isInTheOrderOfTheLogAndOfNoOther(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		ab, ac, bc := domaintest.PairOf(alice, bob), domaintest.PairOf(alice, carol), domaintest.PairOf(bob, carol)
		first, second := b.opens(ac), b.opens(ab)
		other := b.opens(bc)
		b.amends(ac, first, "changed")
		b.amends(ab, second, "changed")

		history, err := b.reader().OfPrisoner(t.Context(), streams(ab, ac, bc, ab), alice)
		require.NoError(t, err)
		var ids []uuid.UUID
		for _, entry := range history.Entries {
			ids = append(ids, *entry.NonAssociationID)
		}
		require.Equal(t, []uuid.UUID{first, second, first, second}, ids)
		require.NotContains(t, ids, other)

		empty, err := b.reader().OfPrisoner(t.Context(), nil, "Z9999ZZ")
		require.NoError(t, err)
		require.Equal(t, map[string]any{"entries": []any{}}, asJSON(t, empty))
	})
}

func TestNOMIS_codesAreShownVerbatim(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		pair := domaintest.PairOf(alice, bob)
		expiry := domain.LocalDateTime("2026-07-15T00:00:00")
		item := domain.Item{
			EffectiveDate: "2021-07-05T10:35:17", ExpiryDate: &expiry, TypeCode: domain.TypeTotal, TypeSequence: 3,
			ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{alice: domain.CodeBullying, bob: domain.CodeVictim},
		}
		later := item
		later.EffectiveDate, later.ExpiryDate, later.TypeSequence = "2026-01-01T00:00:00", nil, 4
		latest := later
		latest.EffectiveDate, latest.TypeSequence = "2026-02-01T00:00:00", 5
		b.does(pair, domain.NOMIS, "NOMIS_USER", domain.Sync{About: alice, Items: []domain.Item{item, later, latest}})

		history, err := b.reader().OfPrisoner(t.Context(), streams(pair), bob)
		require.NoError(t, err)
		require.Equal(t, []string{domain.TypeOpened, domain.TypeOpened, domain.TypeIgnored}, types(history))
		old := asJSON(t, history.Entries[0].After)
		require.Equal(t, "2021-07-05T10:35:17", old["whenCreated"])
		require.Equal(t, "2026-07-15T00:00:00", old["closedAt"])
		require.Equal(t, "NOMIS_USER", old["closedBy"])
		require.Equal(t, true, old["isClosed"], "closed on the day of the fact")
		require.Equal(t, "TNA", old["typeCode"])
		require.Equal(t, "BUL", old["firstPrisonerReasonCode"])
		require.Equal(t, "BULLYING", old["reason"])
		require.Equal(t, 3.0, old["typeSequence"])
		require.Nil(t, old["comment"])
		require.Nil(t, old["authorisedBy"])
		ignored := history.Entries[2]
		require.Equal(t, string(domain.NotLatest), *ignored.Reason)
		require.Equal(t, ignored.Before, ignored.After)
	})
}

func TestOldEntry_readsTheSameForEver(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		pair := domaintest.PairOf(alice, bob)
		expiry := domain.LocalDateTime("2026-07-20T00:00:00") // five days to come when it is told
		b.does(pair, domain.NOMIS, "NOMIS_USER", domain.Sync{About: alice, Items: []domain.Item{{
			EffectiveDate: "2021-07-05T10:35:17", ExpiryDate: &expiry, TypeCode: domain.TypeWing,
			ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{alice: domain.CodeUnknown, bob: domain.CodeVictim},
		}}})
		history, err := b.reader().OfPrisoner(t.Context(), streams(pair), alice)
		require.NoError(t, err)
		require.Len(t, history.Entries, 1)
		require.True(t, history.Entries[0].After.IsOpen)
		require.Equal(t, expiry, *history.Entries[0].After.ClosedAt)
	})
}

func TestLog_thatIsAwayOrUnreadableIsAnError(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		pair, other := domaintest.PairOf(alice, bob), domaintest.PairOf(alice, carol)
		id := b.opens(pair)
		_, err := b.store.Append(t.Context(), eventstore.Append{
			Stream: other.Stream(), Expected: eventstore.NoStream,
			Events: []eventstore.Event{{ID: uuid.New(), Type: "nonassociation.unheard-of.v9", Data: []byte("{}"), Metadata: []byte("{}")}},
		})
		require.NoError(t, err)
		_, err = b.reader().OfPrisoner(t.Context(), streams(pair, other), alice)
		var unknown domain.ErrUnknownType
		require.ErrorAs(t, err, &unknown)

		_, err = b.reader().OfNonAssociation(t.Context(), []string{"app-meta"}, id)
		require.Error(t, err)

		require.NoError(t, b.store.Close(context.Background()))
		_, err = b.reader().OfNonAssociation(t.Context(), streams(pair), id)
		require.ErrorIs(t, err, eventstore.ErrUnavailable)
	})
}

func types(history shape.History) []string {
	var all []string
	for _, entry := range history.Entries {
		all = append(all, entry.Type)
	}
	return all
}
