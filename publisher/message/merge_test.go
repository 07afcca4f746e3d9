package message_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/publisher/message"
)

// arrives is the first step of moving what a pair has to another one.
func (s *scenario) arrives(r domain.Renumbering, from, to domain.Pair, records ...domain.TransferredRecord) {
	s.t.Helper()
	if len(records) == 0 {
		for _, n := range s.state(from).Items {
			records = append(records, domain.TransferredRecord{NonAssociation: r.Of(n)})
		}
	}
	s.does(domain.Merge, to, r.Number, domain.TransferIn{Renumbering: r, From: from, Revision: s.length[from] - 1, Records: records})
}

func (s *scenario) leaves(r domain.Renumbering, from, to domain.Pair, id uuid.UUID) {
	s.t.Helper()
	s.does(domain.Merge, from, r.Number, domain.TransferOut{Renumbering: r, To: to, IDs: []uuid.UUID{id}, Revision: s.length[from] - 1})
}

func TestMessages_ofAMergePublishOnlyTheTransferIn(t *testing.T) {
	s := newScenario(t)
	id := s.opens(ours)
	s.arrives(merged, ours, theirs)
	require.Equal(t, []message.Change{message.ChangeRenumbered}, s.changes())
	event := s.events()[0]
	require.Equal(t, message.EventAmended, event.EventType)
	require.Equal(t, message.AdditionalInformation{
		PrisonerNumber: survivor, OtherPrisonerNumber: smaller, PreviousPrisonerNumber: larger,
		NonAssociationID: id, Source: domain.Merge, Change: message.ChangeRenumbered,
		EventID: s.sent[0].EventID, Revision: 0, Position: 200,
	}, event.AdditionalInformation)
	require.Equal(t, []message.Identifier{{Type: "NOMS", Value: survivor}, {Type: "NOMS", Value: smaller}}, event.PersonReference.Identifiers)

	s.leaves(merged, ours, theirs, id)
	require.Empty(t, s.events())
	require.Len(t, s.history(), 1)
}

// No message of either pair may overtake a renumbering, nor one of its two facts the other.
func TestMessages_ofARenumberingBelongToBothPairs(t *testing.T) {
	s := newScenario(t)
	id := s.opens(ours)
	s.arrives(merged, ours, theirs)
	for _, sent := range s.sent {
		require.Equal(t, []domain.Pair{theirs, ours}, sent.Pairs)
		require.Equal(t, theirs.String(), sent.Group)
	}
	s.leaves(merged, ours, theirs, id)
	require.Equal(t, []domain.Pair{ours, theirs}, s.sent[0].Pairs)
	require.Equal(t, ours.String(), s.sent[0].Group)
}

// Who listens to the number that the record was taken from hears of it, too.
func TestMessages_ofARenumberingReachWhoListensToEitherNumber(t *testing.T) {
	s := newScenario(t)
	id := s.opens(ours)
	s.arrives(merged, ours, theirs)
	for _, sent := range s.sent {
		require.Equal(t, []string{"A0135GA", "B1234CD", "A9109UD"}, sent.Attributes["prisonerNumbers"].List)
	}
	s.leaves(merged, ours, theirs, id)
	require.Equal(t, []string{"A0135GA", "A9109UD"}, s.sent[0].Attributes["prisonerNumbers"].List)
}

func TestMessages_ofADuplicateAreRenumberedThenClosed(t *testing.T) {
	s := newScenario(t)
	s.opens(theirs)
	id := s.opens(ours)
	s.arrives(merged, ours, theirs)
	require.Equal(t, []message.Change{message.ChangeRenumbered, message.ChangeClosed}, s.changes())
	for i, event := range s.events() {
		info := event.AdditionalInformation
		require.Equal(t, id, info.NonAssociationID)
		require.Equal(t, domain.Merge, info.Source)
		require.Equal(t, survivor, info.PrisonerNumber)
		require.EqualValues(t, i+1, info.Revision)
	}
	require.Empty(t, s.events()[1].AdditionalInformation.PreviousPrisonerNumber, "of RENUMBERED only")
	require.Equal(t, []domain.Pair{theirs}, s.sent[2].Pairs)
}

func TestMessages_ofARecordBetweenTheMergedNumbersAreDeleted(t *testing.T) {
	s := newScenario(t)
	id := s.opens(between)
	s.does(domain.Merge, between, survivor, domain.DeleteSelfPair{Renumbering: merged, IDs: []uuid.UUID{id}})
	require.Equal(t, []message.Change{message.ChangeDeleted}, s.changes())
	info := s.events()[0].AdditionalInformation
	require.Equal(t, survivor, info.PrisonerNumber)
	require.Equal(t, larger, info.OtherPrisonerNumber)
	require.Equal(t, domain.Merge, info.Source)
}

// Taking a merge back is a renumbering the other way.
func TestMessages_ofAMergeTakenBack(t *testing.T) {
	s := newScenario(t)
	id := s.opens(ours)
	s.arrives(merged, ours, theirs)
	s.leaves(merged, ours, theirs, id)
	back := domain.Renumbering{Previous: survivor, Number: larger, Reason: "A mistake"}
	s.arrives(back, theirs, ours)
	require.Equal(t, []message.Change{message.ChangeRenumbered}, s.changes())
	info := s.events()[0].AdditionalInformation
	require.Equal(t, larger, info.PrisonerNumber)
	require.Equal(t, survivor, info.PreviousPrisonerNumber)
}

// A record that a merge had deleted comes back where it was: to the world it
// was not there, and is.
func TestMessages_ofADeletionTakenBackAreCreated(t *testing.T) {
	s := newScenario(t)
	id := s.opens(between)
	was := s.state(between).Items[0]
	s.does(domain.Merge, between, survivor, domain.DeleteSelfPair{Renumbering: merged, IDs: []uuid.UUID{id}})
	back := domain.Renumbering{Previous: survivor, Number: larger, Reason: "A mistake"}
	s.does(domain.Merge, between, larger, domain.Restore{Renumbering: back, Records: []domain.NonAssociation{was}})
	require.Equal(t, []message.Change{message.ChangeOpened}, s.changes())
	event := s.events()[0]
	require.Equal(t, message.EventCreated, event.EventType)
	require.Equal(t, id, event.AdditionalInformation.NonAssociationID)
	require.Empty(t, event.AdditionalInformation.PreviousPrisonerNumber)
	require.Equal(t, []domain.Pair{between}, s.sent[0].Pairs)
	require.Equal(t, []string{"A9109UD", "B1234CD"}, s.sent[0].Attributes["prisonerNumbers"].List)
}

// A record that was changed under the old number while it moved arrives again:
// the world hears once more where it belongs.
func TestMessages_ofASecondArrival(t *testing.T) {
	s := newScenario(t)
	id := s.opens(ours)
	s.arrives(merged, ours, theirs)
	base := merged.Of(s.state(ours).Items[0])
	s.does(domain.DPS, ours, larger, domain.Close{ID: id, ClosedReason: "Friends"})
	s.arrives(merged, ours, theirs, domain.TransferredRecord{Base: &base, NonAssociation: merged.Of(s.state(ours).Items[0])})
	require.Equal(t, []message.Change{message.ChangeRenumbered}, s.changes())
}

// One that was deleted meanwhile is not there any more, whatever brought it.
func TestMessages_ofASecondArrivalThatCarriesADeletion(t *testing.T) {
	s := newScenario(t)
	id := s.opens(ours)
	s.arrives(merged, ours, theirs)
	base := merged.Of(s.state(ours).Items[0])
	s.does(domain.DPS, ours, larger, domain.Delete{ID: id})
	s.arrives(merged, ours, theirs, domain.TransferredRecord{Base: &base, NonAssociation: merged.Of(s.state(ours).Items[0])})
	require.Equal(t, []message.Change{message.ChangeDeleted}, s.changes())
	require.Empty(t, s.events()[0].AdditionalInformation.PreviousPrisonerNumber)
}

// A record that stood there, and that the merge closed as the looser of two, is
// open again.
func TestMessages_ofAClosingTakenBackAreReopened(t *testing.T) {
	s := newScenario(t)
	s.opens(theirs)
	was := s.state(theirs).Items[0]
	s.does(domain.Merge, theirs, survivor, domain.Close{ID: was.ID, ClosedReason: domain.ByMerge})
	s.does(domain.Merge, theirs, larger, domain.Restore{
		Renumbering: domain.Renumbering{Previous: survivor, Number: larger, Reason: "A mistake"}, Records: []domain.NonAssociation{was},
	})
	require.Equal(t, []message.Change{message.ChangeReopened}, s.changes())
	require.Equal(t, message.EventAmended, s.events()[0].EventType)
}
