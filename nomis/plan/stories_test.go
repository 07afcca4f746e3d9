package plan_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/nomis/plan"
)

// Stories that random histories found, each as short as it can be told.

// NOMIS takes a put that opens a second one. It is not sent.
func TestPut_opensNoSecondOneInNOMIS(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", ptr("2022-07-05"))
	s.Staff(domain.Reopen{ID: id, ReopenReason: "Again"})
	s.theirs[2] = theirs(detail(2, "2023-07-05", nil))
	s.takes()
	require.Empty(t, s.steps())
	require.ElementsMatch(t, []plan.ProblemKind{plan.AnotherOpen, plan.BlockedByOpen}, s.problems())

	s.changes(2, func(t *plan.Theirs) { t.Detail.ExpiryDate = ptr("2024-07-05") })
	s.takes()
	require.Equal(t, []plan.Action{plan.Put}, s.steps(), "the other one is closed")
	s.changes(2, func(t *plan.Theirs) { t.Detail.ExpiryDate = nil })
	s.policy.Repair = &plan.Repair{NonAssociationID: id}
	require.Contains(t, s.steps(), plan.Put, "a person asks for it")
}

// NOMIS gave the sequence of a closed record to a new one, which opens while another
// record here is open. It is named, although it has a partner.
func TestProblem_ofAnotherOpenOneUnderTheSequenceOfAClosedRecord(t *testing.T) {
	s := newStory(t)
	closed := s.nomisOpen(1, "2021-07-05", ptr("2022-07-05"))
	s.staffOpen()
	s.theirs[1] = theirs(detail(1, "2023-07-05", nil))
	s.changes(1, func(t *plan.Theirs) {
		t.Detail.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{low: "RIV", high: "RIV"}
	})
	s.takes()
	require.Empty(t, s.steps())
	require.ElementsMatch(t, []plan.ProblemKind{plan.AnotherOpen, plan.BlockedByOpen}, s.problems())
	require.Contains(t, s.plan().Problems, plan.Problem{
		Kind: plan.AnotherOpen, NonAssociationID: closed, TypeSequence: 1, Why: s.plan().Problems[1].Why,
	})
}

// NOMIS deletes no detail while its mirrors differ in number, and creates none while
// their last sequences differ.
func TestProblem_ofMirrorsThatDoNotListTheSame(t *testing.T) {
	s := newStory(t)
	deleted := s.nomisOpen(1, "2021-07-05", ptr("2022-07-05"))
	s.nomisOpen(2, "2023-07-05", ptr("2024-07-05"))
	s.changes(2, func(t *plan.Theirs) {
		t.RowMissing, t.Disagreement = true, "The row of A9109UD is missing."
		t.Detail.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{low: "VIC", high: ""}
	})
	s.Staff(domain.Delete{ID: deleted})
	s.staffOpen()
	require.Empty(t, s.steps())
	require.Equal(t, []plan.ProblemKind{plan.MirrorsDisagree, plan.MirrorsDisagree, plan.MirrorsDisagree}, s.problems())

	s.theirs[3] = theirs(detail(3, "2024-07-05", ptr("2025-07-05")))
	s.takes()
	require.Equal(t, []plan.Action{plan.Post}, s.steps(), "the next sequence is the same in both")
}

// What NOMIS refused to delete is not sent again.
func TestProblem_ofARemovalThatNOMISRefused(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Delete{ID: id})
	theirs := s.theirs[1].Detail
	s.policy.Decisions = []plan.Decision{{Kind: plan.Refusal, TypeSequence: 1, Theirs: &theirs, Words: "Locked for ever"}}
	require.Empty(t, s.steps())
	require.Equal(t, []plan.ProblemKind{plan.Refused}, s.problems())
}

// A record of staff that took over what NOMIS's staff opened, and then another one of
// theirs, was never created in NOMIS. What it was in between is no twin of it.
func TestRemove_ofATwinOfNothingThatNOMISStaffOpened(t *testing.T) {
	s := newStory(t)
	s.staffOpen()
	for sequence, effective := range map[int]string{2: "2026-07-16", 3: "2026-07-18"} {
		s.theirs[sequence] = theirs(detail(sequence, effective, nil))
		s.changes(sequence, func(t *plan.Theirs) { t.UpdatedBy = "STAFF" })
	}
	s.decide(domain.LearnSequence{ID: s.State.Items[0].ID, TypeSequence: 3})
	s.takes()
	require.Equal(t, "2026-07-18", s.ours(s.State.Items[0].ID).EffectiveDate)
	s.At(s.Now.AddDate(0, 0, 1))
	s.takes()
	require.Equal(t, "2026-07-16", s.ours(s.State.Items[0].ID).EffectiveDate, "the other one has begun")
	require.NotContains(t, s.steps(), plan.Remove)
	require.Equal(t, []plan.ProblemKind{plan.AnotherOpen}, s.problems())
}

// NOMIS's midnight may come more than a quarter of an hour after ours. A wait that has
// passed does not hide the one that followed it.
func TestWait_thatHasPassedHidesNoLaterOne(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	ours := s.ours(id)
	for _, until := range []time.Duration{-time.Minute, time.Minute} {
		s.policy.Decisions = append(s.policy.Decisions, plan.Decision{
			Kind: plan.Future, NonAssociationID: id, Ours: &ours, Until: s.Now.Add(until),
		})
	}
	require.Empty(t, s.steps())
	require.Len(t, s.plan().Waits, 1)
}

// NOMIS's staff wrote an equal one and then changed the first. The two have one author,
// who is not the service.
func TestRemove_ofATwinByNOMISStaffIsNotDone(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	s.delivered(id, 1)
	s.theirs[2] = theirs(numbered(s.ours(id), 2))
	for _, sequence := range []int{1, 2} {
		s.changes(sequence, func(t *plan.Theirs) { t.UpdatedBy = "STAFF" })
	}
	s.changes(1, func(t *plan.Theirs) { t.Detail.ExpiryDate = ptr("2026-07-10") })
	require.NotContains(t, s.steps(), plan.Remove)
	s.takes()
	require.Empty(t, s.steps())
	require.Len(t, s.State.Items, 2, "the pair stays apart")
}

// Staff who keep both systems wrote the same in both, closed it in both, and opened it
// again in NOMIS alone. Nothing of it was written by the service.
func TestRemove_ofWhatPeopleWroteInBothSystemsIsNotDone(t *testing.T) {
	for _, confirmed := range []bool{false, true} {
		s := newStory(t)
		id := s.staffOpen()
		open := s.ours(id)
		s.Staff(domain.Close{ID: id, ClosedReason: "Friends"})
		s.theirs[1], s.theirs[2] = theirs(numbered(s.ours(id), 1)), theirs(numbered(open, 2))
		for _, sequence := range []int{1, 2} {
			s.changes(sequence, func(t *plan.Theirs) { t.UpdatedBy = "STAFF" })
		}
		if confirmed {
			s.decide(domain.Deliver{ID: id, TypeSequence: 1, Revision: s.revision(), Detail: numbered(s.ours(id), 1)})
		}
		require.NotContains(t, s.steps(), plan.Remove)
	}
}

// A detail equals what the record was only after NOMIS held it. The service never created
// that: a merge in NOMIS brought it from another pair.
func TestRemove_ofATwinOfWhatWasNeverCreatedIsNotDone(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	s.delivered(id, 1)
	s.Staff(domain.Amend{ID: id, Comment: ptr("Changed since")})
	s.delivered(id, 1)
	s.theirs[2] = theirs(numbered(s.ours(id), 2))
	require.NotContains(t, s.steps(), plan.Remove)
	s.takes()
	require.Empty(t, s.steps())
	require.Equal(t, []plan.ProblemKind{plan.AnotherOpen}, s.problems())
}

// A deletion that came while inbound was not allowed is a person's to decide, also when
// it is allowed again.
func TestSwitched_deletionStaysWithAPerson(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	delete(s.theirs, 1)
	s.policy.Deletions[1] = s.Now
	ours := s.ours(id)
	s.policy.Decisions = []plan.Decision{{Kind: plan.Switched, NonAssociationID: id, Ours: &ours}}
	require.Empty(t, s.steps())
	require.Equal(t, []plan.ProblemKind{plan.ChangedAfterSwitch}, s.problems())
	s.policy.Repair = &plan.Repair{NonAssociationID: id, FromNOMIS: true}
	require.Equal(t, []plan.Action{plan.Delete}, s.steps())
}

// NOMIS lost a detail with a booking and gave its sequence to the next one that was
// created, of the same day, and the answer was lost. The new record is that one.
func TestMatch_ofACreationUnderTheSequenceOfALostDetail(t *testing.T) {
	s := newStory(t)
	closed := s.staffOpen()
	s.delivered(closed, 1)
	s.Staff(domain.Close{ID: closed, ClosedReason: "Friends"})
	s.delivered(closed, 1)
	s.Staff(domain.Open{
		FirstPrisoner: low, Comment: "Again", Reason: domain.Threat, Restriction: domain.Wing,
		Roles: map[domain.PrisonerNumber]domain.Role{low: domain.Victim, high: domain.Perpetrator},
	})
	created := s.State.Items[1].ID
	s.theirs[1] = theirs(numbered(s.ours(created), 1))
	require.Equal(t, []plan.Action{plan.Learn, plan.Confirm}, s.steps())
	require.Equal(t, created, s.plan().Steps[0].NonAssociationID)
	s.decide(domain.LearnSequence{ID: created, TypeSequence: 1})
	require.Equal(t, []plan.ProblemKind{plan.OnlyHere}, s.problems(), "the closed one is gone")
	require.Equal(t, ptr("Apart"), s.State.Items[0].Comment)
}

// NOMIS's staff changed a deleted record and opened one that equals it. Neither is it.
func TestRemove_ofANewOneThatEqualsADeletedOneIsNotDone(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Delete{ID: id})
	s.theirs[2] = theirs(detail(2, "2021-07-05", nil))
	s.changes(1, func(t *plan.Theirs) {
		t.Detail.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{low: "BUL", high: "PER"}
	})
	require.Equal(t, []plan.Action{plan.Release, plan.Take}, s.steps())
	s.decide(domain.ReleaseSequence{ID: id, TypeSequence: 1})
	s.takes()
	require.Empty(t, s.steps())
	require.Equal(t, []plan.ProblemKind{plan.AnotherOpen}, s.problems())
}

// The first creation of a closed record comes to NOMIS late, and staff have opened
// another one of the same day. The twin does not become that one.
func TestRemove_ofATwinThatIsOpenBesideANewRecord(t *testing.T) {
	s := newStory(t)
	first := s.staffOpen()
	s.Staff(domain.Close{ID: first, ClosedReason: "Friends"})
	s.delivered(first, 1)
	s.Staff(domain.Open{
		FirstPrisoner: low, Comment: "Again", Reason: domain.Threat, Restriction: domain.Wing,
		Roles: map[domain.PrisonerNumber]domain.Role{low: domain.Victim, high: domain.Perpetrator},
	})
	s.theirs[2] = theirs(numbered(s.ours(first), 2).With(domain.DetailExpiryDate, nil))
	require.Equal(t, []plan.Action{plan.Remove}, s.steps())
	require.Equal(t, 2, s.plan().Steps[0].TypeSequence)
	delete(s.theirs, 2)
	require.Equal(t, []plan.Action{plan.Post}, s.steps())
}

// A closed record of staff came by a merge, and NOMIS never held it. It is created there
// without an expiry date, and stays closed here.
func TestPost_ofAClosedRecordThatAMergeBroughtReopensNothing(t *testing.T) {
	s := newStory(t)
	other := domaintest.NewScenarioOf(t, domaintest.PairOf("B1234CD", high))
	id := other.Staff(domain.Open{
		FirstPrisoner: high, Comment: "Apart", Reason: domain.Threat, Restriction: domain.Wing,
		Roles: map[domain.PrisonerNumber]domain.Role{"B1234CD": domain.Victim, high: domain.Perpetrator},
	}).Outcomes[0].NonAssociationID
	other.Staff(domain.Close{ID: id, ClosedReason: "Friends"})
	merged := domain.Renumbering{Previous: "B1234CD", Number: low, Reason: domain.ByMerge}
	s.Merge(domain.TransferIn{Renumbering: merged, From: other.State.Pair, Revision: 1, Records: []domain.TransferredRecord{
		{NonAssociation: merged.Of(other.State.Items[0])},
	}})
	require.Equal(t, []plan.Action{plan.Post}, s.steps())
	s.theirs[1] = theirs(numbered(s.ours(id), 1).With(domain.DetailExpiryDate, nil))
	s.decide(domain.LearnSequence{ID: id, TypeSequence: 1})
	require.Equal(t, []plan.Action{plan.Put}, s.steps())
	require.Equal(t, ptr(today), s.plan().Steps[0].Detail.ExpiryDate)
}

// NOMIS lost a record whose sequence was learned and whose put was yet to come, and gave
// the sequence to another. It is not created again.
func TestPost_isNotRepeatedWhenNOMISGaveTheSequenceAway(t *testing.T) {
	s := newStory(t)
	first := s.staffOpen()
	s.Staff(domain.Close{ID: first, ClosedReason: "Friends"})
	s.decide(domain.LearnSequence{ID: first, TypeSequence: 1})
	second := s.staffOpen()
	s.delivered(second, 1)
	require.Empty(t, s.steps())
	require.Equal(t, []plan.ProblemKind{plan.OnlyHere}, s.problems())
	require.Equal(t, first, s.plan().Problems[0].NonAssociationID)
}

// NOMIS gave the sequence of a deleted record to the next one, of the same day and codes.
func TestMatch_ofALiveRecordComesBeforeThatOfADeletedOne(t *testing.T) {
	s := newStory(t)
	deleted := s.staffOpen()
	s.delivered(deleted, 1)
	s.Staff(domain.Delete{ID: deleted})
	live := s.staffOpen()
	s.delivered(live, 1)
	require.Equal(t, []plan.Action{plan.Release}, s.steps())
	require.Equal(t, deleted, s.plan().Steps[0].NonAssociationID)
}

// A merge brought a deleted record that NOMIS no longer had. One that equals it is new.
func TestRemove_ofANewOneThatEqualsADeletedOneThatAMergeBrought(t *testing.T) {
	s := newStory(t)
	other := newStory(t)
	id := other.staffOpen()
	other.Staff(domain.Delete{ID: id})
	s.Merge(domain.TransferIn{From: domaintest.PairOf("B1234CD", high), Revision: 1, Records: []domain.TransferredRecord{
		{NonAssociation: other.State.Items[0]},
	}})
	s.theirs[1] = theirs(numbered(other.ours(id), 1))
	require.Equal(t, []plan.Action{plan.Take}, s.steps())
}
