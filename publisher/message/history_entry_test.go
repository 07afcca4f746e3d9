package message_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/publisher/message"
)

// The whole body, once, to the letter: it is a contract.
func TestHistory_theBodyOfAnAmendmentByNOMIS(t *testing.T) {
	s := newScenario(t)
	id := s.syncs(domain.NOMIS, itemOf(y2021, numbered(2))).Outcomes[0].NonAssociationID
	s.syncs(domain.NOMIS, itemOf(y2021, numbered(2), expires("2022-07-05T10:35:17"), func(i *domain.Item) { i.Comment = nil }))
	sent := s.sent[1]
	held := `{"id":"` + id.String() + `","typeSequence":2,"reasonCodes":{"A0135GA":"PER","A9109UD":"VIC"},"typeCode":"WING",` +
		`"effectiveDate":"2021-07-05T10:35:17",`
	require.Equal(t, `{"eventId":"`+sent.EventID.String()+`","type":"nonassociation.amended.v1",`+
		`"nonAssociationId":"`+id.String()+`","prisonerNumbers":["A0135GA","A9109UD"],"actor":"OFFICER","source":"NOMIS",`+
		`"occurredAt":"2026-07-15T12:00:00","recordedAt":"2026-07-15T12:00:01+01:00","revision":1,"position":200,`+
		`"before":`+held+`"expiryDate":null,"authorisedBy":"Staff Name","comments":"Do not location near"},`+
		`"after":`+held+`"expiryDate":"2022-07-05T10:35:17","authorisedBy":"Staff Name","comments":null}}`, string(sent.Body))
}

func TestHistory_hasEveryFactWithWhatItMetAndLeft(t *testing.T) {
	s := newScenario(t)
	id := s.opens(ours)
	opened := s.history()[0]
	require.Nil(t, opened.Before)
	require.Equal(t, domain.CodeVictim, opened.After.ReasonCodes[larger])
	require.Equal(t, domain.TypeCell, opened.After.TypeCode)

	s.does(domain.DPS, ours, larger, domain.Close{ID: id, ClosedReason: "Friends"})
	closed := s.history()[0]
	require.Equal(t, opened.After, closed.Before)
	require.Equal(t, domain.Local(summer), *closed.After.ExpiryDate)
	require.Equal(t, "Friends", closed.Reason)

	s.does(domain.DPS, ours, larger, domain.Reopen{ID: id, ReopenReason: "Again"})
	reopened := s.history()[0]
	require.Equal(t, closed.After, reopened.Before)
	require.Nil(t, reopened.After.ExpiryDate)
	require.Equal(t, "Again", reopened.Reason)

	s.does(domain.DPS, ours, larger, domain.Delete{ID: id, DeletionReason: "In error", RequestedBy: "BOSS"})
	deleted := s.history()[0]
	require.Equal(t, reopened.After, deleted.Before)
	require.Nil(t, deleted.After)
	require.Equal(t, []string{"In error", "BOSS"}, []string{deleted.Reason, deleted.RequestedBy})
}

func TestHistory_hasTheMigration(t *testing.T) {
	s := newScenario(t)
	s.syncs(domain.Migration, itemOf(y2021))
	require.Equal(t, domain.TypeImported, s.history()[0].Type)
	require.Equal(t, domain.Migration, s.history()[0].Source)
	require.Nil(t, s.history()[0].After.TypeSequence)

	s.syncs(domain.Migration, itemOf(y2021, numbered(3)))
	require.Equal(t, domain.TypeSequenceLearned, s.history()[0].Type)
	require.Equal(t, 3, *s.history()[0].After.TypeSequence)

	id := s.history()[0].NonAssociationID
	s.sent = nil
	s.happens(ours, factBy(domain.NOMIS, domain.SequenceReleased{NonAssociationID: *id, TypeSequence: 3}))
	require.Equal(t, domain.TypeSequenceReleased, s.history()[0].Type)
	require.Equal(t, 3, *s.history()[0].Before.TypeSequence)
	require.Nil(t, s.history()[0].After.TypeSequence)
}

func TestHistory_keepsWhatNOMISSentInVain(t *testing.T) {
	s := newScenario(t)
	s.syncs(domain.NOMIS, itemOf(y2021), itemOf("2020-01-01T00:00:00", remarks("Older")))
	require.Equal(t, []message.Change{message.ChangeOpened}, s.changes(), "an ignored item is not published")
	ignored := s.history()[1]
	require.Equal(t, domain.NotLatest, ignored.Ignored.Reason)
	require.Equal(t, "Older", *ignored.Ignored.Item.Comments)
	require.Equal(t, ignored.Before, ignored.After)
}

func TestHistory_ofADeletionInVainHasNoItem(t *testing.T) {
	s := newScenario(t)
	s.happens(ours, factBy(domain.NOMIS, domain.Ignored{NonAssociationID: s.opens(ours), Reason: domain.NamesDeleted}))
	last := s.sent[len(s.sent)-1]
	require.Contains(t, string(last.Body), `"item":null`)
}

func TestHistory_ofAnItemBesideNoRecordHasNoID(t *testing.T) {
	s := newScenario(t)
	item := itemOf(y2021)
	s.happens(ours, factBy(domain.NOMIS, domain.Ignored{Reason: domain.Switched, Item: &item}))
	require.Nil(t, s.history()[0].NonAssociationID)
	require.Contains(t, string(s.sent[0].Body), `"nonAssociationId":null`)
	require.Equal(t, domain.Switched, s.history()[0].Ignored.Reason)
}

func TestHistory_ofAMergeGivesBothHalves(t *testing.T) {
	s := newScenario(t)
	id := s.opens(ours)
	was := s.history()[0].After
	s.arrives(merged, ours, theirs)
	arrived := s.history()[0]
	require.Equal(t, message.Renumbered{
		PreviousPrisonerNumber: larger, PrisonerNumber: survivor, Phase: message.Arrived, From: ours, To: theirs,
	}, *arrived.Renumbered)
	require.Equal(t, was, arrived.Before, "under the old number")
	require.Equal(t, domain.CodeVictim, arrived.After.ReasonCodes[survivor])
	require.Equal(t, domain.ByMerge, arrived.Reason)

	s.leaves(merged, ours, theirs, id)
	left := s.history()[0]
	require.Equal(t, message.Left, left.Renumbered.Phase)
	require.Equal(t, was, left.Before)
	require.Nil(t, left.After)
}

func TestHistory_ofADeletionTakenBack(t *testing.T) {
	s := newScenario(t)
	id := s.opens(between)
	was := s.state(between).Items[0]
	s.does(domain.Merge, between, survivor, domain.DeleteSelfPair{Renumbering: merged, IDs: []uuid.UUID{id}})
	back := domain.Renumbering{Previous: survivor, Number: larger, Reason: "A mistake"}
	s.does(domain.Merge, between, larger, domain.Restore{Renumbering: back, Records: []domain.NonAssociation{was}})
	require.Nil(t, s.history()[0].Before)
	require.NotNil(t, s.history()[0].After)
}

// The command itself leaves by no topic: it stays in the log.
func TestHistory_neverCarriesTheCommand(t *testing.T) {
	s := newScenario(t)
	s.opens(ours)
	for _, sent := range s.sent {
		require.NotContains(t, string(sent.Body), "command")
		require.NotContains(t, string(sent.Body), "namedFirst")
	}
}
